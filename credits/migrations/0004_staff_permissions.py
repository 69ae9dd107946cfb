from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('credits', '0003_refund_charges'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='transfer',
            options={'permissions': [('grant', 'Can give credits'), ('correct', 'Can correct a wallet'), ('refund', 'Can refund a charge')]},
        ),
    ]
