
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('gallery', '0007_collections_hold_so_many'),
        ('generation', '0011_levels_have_floors'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='decision',
            name='floor_before',
            field=models.CharField(blank=True, choices=[('general', 'General'), ('suggestive', 'Suggestive'), ('nudity', 'Nudity'), ('explicit', 'Explicit'), ('refused', 'Refused')], db_default='', max_length=10),
        ),
        migrations.AddField(
            model_name='decision',
            name='moderation_before',
            field=models.CharField(blank=True, choices=[('passed', 'Passed'), ('unknown', 'Unknown'), ('refused', 'Refused'), ('withheld', 'Withheld')], db_default='', max_length=8),
        ),
        migrations.AddField(
            model_name='decision',
            name='visibility_before',
            field=models.CharField(blank=True, choices=[('private', 'Private'), ('unlisted', 'Unlisted'), ('public', 'Public')], db_default='', max_length=8),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='appeal',
            trigger=pgtrigger.compiler.Trigger(name='by_whom_it_concerns', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    PERFORM 1 FROM gallery_decision d WHERE d.id = NEW.decision_id AND d.owner_id = NEW.owner_id;\n                    IF NOT FOUND THEN\n                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'appeal_by_whom_it_concerns',\n                            MESSAGE = 'a decision is appealed by the person whom it concerns';\n                    END IF;\n                    RETURN NEW;\n                ", hash='65222264158a4a2051bee9ca7bd1baca69abdcf3', operation='INSERT OR UPDATE OF "decision_id", "owner_id"', pgid='pgtrigger_by_whom_it_concerns_016ef', table='gallery_appeal', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='report',
            trigger=pgtrigger.compiler.Trigger(name='about_anothers', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n                    PERFORM 1 FROM generation_asset a WHERE a.id = NEW.asset_id AND a.owner_id = NEW.reporter_id\n                      UNION ALL\n                    SELECT 1 FROM gallery_comment c WHERE c.id = NEW.comment_id AND c.author_id = NEW.reporter_id;\n                    IF FOUND THEN\n                        RAISE EXCEPTION USING ERRCODE = '23514', CONSTRAINT = 'report_is_about_anothers',\n                            MESSAGE = 'nobody reports what is their own';\n                    END IF;\n                    RETURN NEW;\n                ", hash='2f736e7f19bf9fef7966f818df8f2df390d3bc85', operation='INSERT', pgid='pgtrigger_about_anothers_9ac23', table='gallery_report', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='appeal',
            constraint=models.CheckConstraint(condition=models.Q(('answered_by', models.F('owner')), _negated=True), name='appeal_not_answered_by_its_owner'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('actor', models.F('owner')), _negated=True), name='decision_not_in_ones_own_case'),
        ),
        migrations.AddConstraint(
            model_name='decision',
            constraint=models.CheckConstraint(condition=models.Q(('action__in', ('keep', 'restore')), models.Q(('reason', ''), _negated=True), _connector='OR'), name='decision_names_its_reason'),
        ),
    ]
