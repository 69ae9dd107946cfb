"""The lists: what is refused, what only looks like it, and which words show how much. Data; small letters, no accents.

English, German, Spanish, French, Italian. A rule's title is what a refusal names; docs and the page of the content
rules say the same in sentences. Languages are paired with themselves: a German "Kind" is an English adjective.
"""

import re
from dataclasses import dataclass

from generation.models import Level

__all__ = ["HARMLESS", "LEVELS", "RULES", "Rule"]

_NEAR = r"\b.{0,60}\b"


@dataclass(frozen=True)
class Rule:
    title: str
    pattern: re.Pattern[str]


def _words(*phrases: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(phrases) + r")\b")


def _rule(title: str, *phrases: str) -> Rule:
    return Rule(title, _words(*phrases))


def _both(one: str, other: str) -> tuple[str, str]:
    """The two near each other, in either order."""
    return rf"(?:{one}){_NEAR}(?:{other})", rf"(?:{other}){_NEAR}(?:{one})"


# --- Words that only look like it ------------------------------------------------------------------------------------

# Set phrases, taken out before anything is sought.
HARMLESS = _words(
    r"naked mole[ -]?rats?",
    r"naked (?:eyes?|flames?|lights?|light ?bulbs?|bulbs?|cakes?|truth|ambition|singularity|gun|dna)",
    r"naked (?:trees?|branch(?:es)?|twigs?|oaks?|birch(?:es)?|hills?|rocks?|stones?|earth|wood|brick|concrete|ladies)",
    r"nude (?:pink |beige |matte |brown )*(?:lipsticks?|shades?|tones?|colou?rs?|heels|pumps|nails?|nail polish"
    r"|palette|eye ?shadow|make ?-?up|gloss|stilettos|sandals|beige|leather|fabric)",
    r"same[ -]sex",
    r"non[ -]?sexual",
    r"sex (?:education|chromosomes?|ratio|pistols|and the city|linked|determination)",
    r"[a-g](?:[ -](?:flat|sharp))? minor",
    r"minor (?:keys?|chords?|scales?|thirds?|sevenths?|leagues?|planets?|detail\w*|characters?|arcana|damage|injur\w+)",
    r"(?:in a|urs[ae]|canis|asia) minor",
    r"kid (?:goats?|gloves?|leather|rock|icarus|cudi)",
    r"(?:billy|whiz|karate|cisco|sundance) (?:the )?kid",
    r"years?[ -]old (?:scotch|whisk(?:e)?y|wine|rum|cognac|port|cheddar|cheese|balsamic|trees?|oaks?|olive|bonsai|vine"
    r"|car|house|barn|dog|cat|horse|tortoise|bridge|ship|tv|computer|laptop|boots)",
    r"rape ?seeds?",
    r"oil ?-?seed rape",
    r"rape (?:fields?|plants?|oil|flowers?|blossoms?|survivors?|crisis|prevention|awareness|whistle|kit)",
    r"rape of (?:europa|proserpina|persephone|ganymede|lucretia|the sabines?|the lock|nanking)",
    r"(?:anti|against|stop|end|no|survivor of)[ -]rape",
    r"suicide (?:squad|prevention|awareness|hotline|bunny|doors?|king)",
    r"child(?:’s|'s|s) pose",
    r"(?:food|ruin|earth|word|shelf|map) porn",
    r"nackte[rs]? (?:fels\w*|baume?|erde|wand|haut)|(?:arboles|ramas) desnud[oa]s",
    r"bath (?:bombs?)|photo ?bombs?|bomb (?:cyclones?|disposal|shelters?|squads?|craters?)",
)

# --- What is refused -------------------------------------------------------------------------------------------------

_MINOR = (
    r"child(?:ren)?|kids?|toddlers?|infants?|minors?|pre-?teens?|tweens?|school ?(?:girls?|boys?)|under ?-?age(?:d)?"
    r"|lolis?|shotas?|little (?:girls?|boys?)|(?:young|small) (?:boys?)|jailbait|baby girls?"
    r"|(?:1[0-7]|[1-9])[ -]?(?:years?|yrs?|yo|y/o)(?:[ -]?olds?)?"
    r"|(?:six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen)[ -]years?[ -]olds?"
)
_SEXUAL = (
    r"nudes?|nudity|naked|sex|sexual(?:ly|ised|ized)?|sexy|erotic(?:a|ally)?|porn(?:o|ographic|ography)?|nsfw|topless"
    r"|lingerie|fetish|hentai|undress(?:ed|ing)?|unclothed|without (?:any )?clothes|seductive(?:ly)?|bare breasts?"
    r"|masturbat\w+|genitals?"
)
_MINORS_OF = {
    "de": (
        r"kind(?:er|es|ern)?|kleinkind(?:er)?|minderjahrige\w*|schulmadchen|schuljunge\w*|kleine[sn]? madchen",
        r"nackt\w*|unbekleidet\w*|erotisch\w*|porno\w*|sexuell\w*|sexy|ausgezogen\w*",
    ),
    "es": (
        r"nin[oa]s?|menor(?:es)?(?: de edad)?|colegialas?|crios?",
        r"desnud[oa]s?|erotic[oa]s?|porno(?:grafia|grafic[oa]s?)?|sexo|sexual(?:es)?|sexys?|sin ropa",
    ),
    "fr": (
        r"enfants?|fillettes?|gamine?s?|mineure?s?|ecolieres?|petites? filles?|petits? garcons?",
        r"nue?s?|denude\w*|erotiques?|porno(?:graphi\w+)?|sexe|sexuel\w*|sexy|deshabille\w*",
    ),
    "it": (
        r"bambin[oaie]|minorenn[ei]|ragazzin[oaie]|scolarett[ae]",
        r"nud[oaie]|erotic[oaie]|erotiche|porno\w*|sesso|sessual[ei]|sexy|svestit[oaie]",
    ),
}

RULES = (
    _rule(
        "Sexual content with minors",
        *_both(_MINOR, _SEXUAL),
        *(phrase for one, other in _MINORS_OF.values() for phrase in _both(one, other)),
        r"(?:child|kiddie|kinder) ?-?porn\w*",
        "kinderpornogra(?:f|ph)\\w+",
        "pa?edo(?:phil|porn)\\w*",
        "csam",
        "lolicon",
        "shotacon",
    ),
    _rule(
        "Sexual violence",
        r"(?:gang ?-?)?rape[ds]?",
        r"rapists?",
        r"raping",
        r"non[ -]?consensual sex",
        r"forced (?:sex|oral|penetration)",
        r"sexual(?:ly)? (?:assault(?:ed|ing)?|abus(?:e|ed|ing))(?: scene| of)",
        r"molest(?:ed|ing|s)?",
        r"bestiality|zoophilia|necrophilia",
        r"sex with (?:a |an )?(?:dog|horse|animal|corpse)s?",
        r"vergewaltig\w+",
        r"violacion (?:sexual|de una?|en grupo)|violando a una?",
        r"viol (?:collectif|d'une?|en reunion)|en train de violer",
        r"stupr(?:o|are|ata|ando)",
    ),
    _rule(
        "Explicit sexual acts",
        r"hardcore (?:porn(?:ography)?|sex)",
        r"porno?(?: |-)?(?:scene|film|movie|picture|image|photo|shoot|star having)s?",
        r"pornographic (?:scene|film|movie|picture|image|photo|drawing)s?",
        r"(?:having|explicit|anal|oral|group) sex",
        r"blow ?jobs?|hand ?jobs?|cum ?shots?|gang ?bangs?|bukkake|creampie|deep ?throat(?:ing)?|fellatio|cunnilingus",
        r"double penetration|masturbat(?:ing|ion|es?)|ejaculat(?:ing|ion|es?)",
        r"geschlechtsverkehr|harter porno",
        r"sexo (?:explicito|oral|anal)|porno duro",
        r"sexe (?:explicite|oral|anal)|fellation",
        r"sesso (?:esplicito|orale|anale)|pompino",
    ),
    _rule(
        "Stripping a real person",
        r"deep ?-?fake (?:nudes?|porn\w*|sex)",
        r"(?:undress|strip) (?:her|him|them|my|this (?:woman|man|girl|photo|person))",
        r"(?:remove|take off|erase|delete) (?:her|his|their|the|all) (?:clothes|clothing|dress|bikini|bra|shirt)",
        r"nudif(?:y|ied|ier)",
        r"revenge porn\w*",
        r"(?:my|her|his) (?:ex|coworker|colleague|neighbou?r|teacher|classmate|boss)[ -]?(?:girlfriend|boyfriend)?,? "
        r"(?:naked|nude|topless)",
        r"(?:naked|nude|topless) (?:photo|picture|image)s? of my (?:ex|coworker|colleague|neighbou?r|teacher"
        r"|classmate)",
        r"zieh sie aus|quitale la ropa|enleve ses vetements|toglile i vestiti",
    ),
    _rule(
        "Praise of terror or genocide",
        r"(?:isis|daesh|al[ -]qaeda|nazi|terrorist|hamas|ku klux klan|kkk) (?:propaganda|recruit(?:ment|ing))"
        r"(?: (?:poster|flyer|video))?",
        r"glorif(?:y|ying|ication of) (?:genocide|terrorism|the holocaust|mass shooters?|hitler)",
        r"behead(?:ing|ed) (?:video|of an? (?:hostage|prisoner|journalist))",
        r"(?:heroic|glorious) (?:mass shooter|school shooter|suicide bomber)s?",
        r"(?:holocaust|shoah) (?:was|is) (?:a )?(?:good|funny|hoax|lie)",
    ),
    _rule(
        "Hatred of people",
        r"(?:gas|exterminate|kill|lynch|hang|deport) (?:all )?(?:the )?(?:jews|muslims|blacks|gays|gypsies|immigrants"
        r"|jews|christians|hindus|trans people)",
        r"sieg heil|heil hitler|hitler was right",
        r"white (?:power|supremac(?:y|ist)) (?:poster|flyer|propaganda|rally poster)",
        r"(?:juden|auslander|turken) (?:raus|vergasen)",
    ),
    _rule(
        "Instructions to hurt",
        r"(?:pipe ?bomb|nail bomb|car bomb|nerve agent|sarin|bio ?weapon|dirty bomb|molotov(?: cocktail)?|ied"
        r"|ghost gun)"
        r" (?:instructions?|blueprints?|diagrams?|recipes?|tutorials?|plans?|assembly)",
        r"(?:instructions?|blueprints?|diagrams?|recipes?|tutorial|step by step|guide) (?:for|to|of|how to)"
        r" (?:a |an |build |make |building |making |assemble )*"
        r"(?:pipe ?bomb|nail bomb|car bomb|nerve agent|sarin|bio ?weapon|dirty bomb|bomb|ghost gun"
        r"|methamphetamine|meth)",
        r"how to (?:build|make|assemble|cook|synthesi[sz]e) (?:a |an |some )?(?:bomb|pipe ?bomb|bio ?weapon|nerve agent"
        r"|sarin|meth(?:amphetamine)?|ghost gun|molotov)",
        r"(?:bauanleitung|anleitung) (?:fur |zum bau )?(?:eine[r]? )?(?:bombe|rohrbombe)|bombe bauen",
        r"como (?:hacer|fabricar) una bomba",
        r"comment (?:fabriquer|faire) une bombe",
        r"come (?:costruire|fare) una bomba",
    ),
    _rule(
        "Self-harm encouraged",
        r"suicide (?:instructions?|how[ -]?to|methods?|guide|tutorial|challenge|kit)",
        r"(?:best|painless|easy|quick) (?:way|method)s? to (?:die|kill (?:yourself|myself)|commit suicide)",
        r"pro[ -]?(?:ana|mia)",
        r"thinspo(?:ration)?",
        r"how to (?:kill|cut|hang|starve|hurt) (?:yourself|myself)",
        r"kill yourself|kys",
        r"selbstmord ?-?anleitung|bring dich um",
        r"como suicidarse|comment se suicider|come suicidarsi",
    ),
    _rule(
        "Cruelty",
        r"snuff (?:film|video|movie)s?",
        r"animal crush|crush fetish",
        r"tortur(?:e|ing|ed) (?:of )?(?:a |an |the )?(?:cat|dog|child|puppy|kitten|animal|prisoner|baby)s?",
    ),
)

# --- What shows how much ---------------------------------------------------------------------------------------------

LEVELS = (
    (Level.EXPLICIT, _words(r"nsfw", r"porn(?:o|ographic|ography|star)?", r"hentai", r"xxx", r"ero ?guro", r"fetish")),
    (
        Level.NUDITY,
        _words(
            r"nudes?|nudity|nudists?|naked(?:ness)?|topless|undress(?:ed|ing)|unclothed|erotica?",
            r"bare(?:d)?[ -]?breast(?:s|ed)?|genitals?|penis(?:es)?|vaginas?|vulvas?|nipples?",
            r"nackte?[rsnm]?|aktmodell|aktbild\w*|desnud[oa]s?",
            r"(?:femme|fille|corps|modele)s? nue?s?|homme nu|nud[oai] (?:artistic\w+|maschil\w+|femminil\w+)",
        ),
    ),
    (
        Level.SUGGESTIVE,
        _words(
            r"lingerie|bikinis?|thongs?|underwear|negligees?|corsets?|swimsuits?|swimwear",
            r"sexy|sensual(?:ly)?|seductive(?:ly)?|sultry|provocative(?:ly)?|pin-?up(?: girls?)?",
            r"cleavage|striptease|burlesque|boudoir|unterwasche|dessous|ropa interior|biancheria intima",
        ),
    ),
)
