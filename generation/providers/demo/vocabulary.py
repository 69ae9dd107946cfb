"""The words the demo provider knows, as data: which scene, light, weather, mood and colours each of them asks for.

Words are lower-case singulars; a phrase of several words is matched before its parts.
"""

from __future__ import annotations

from typing import Final


def _weigh(groups: dict[int, str]) -> dict[str, int]:
    """Words by weight, as commas list them, to weights by word."""
    return {word: weight for weight, words in groups.items() for word in words.split(", ")}


def _sets(groups: dict[str, str]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(words.split(", ")) for name, words in groups.items()}


SCENES: Final[dict[str, dict[str, int]]] = {
    "ridges": _weigh(
        {
            4: "mountain range, fuji",
            3: "mountain, valley, hill, peak, alp, ridge, himalaya, volcano, highland",
            2: "cliff, landscape, mist, misty, hike, hiker, eagle, canyon view, castle, dragon, village, sunrise, wolf",
            1: "fog, foggy, bird, horizon, dawn",
        }
    ),
    "forest": _weigh(
        {
            4: "forest, woodland, bamboo, rainforest",
            3: "wood, jungle, tree, pine, birch, oak, grove, deer, redwood",
            2: "leaf, fox, fairy, elf, moss, fern, bear, druid, park, enchanted",
            1: "autumn, path",
        }
    ),
    "flow": _weigh(
        {
            4: "ribbon",
            3: "flow, current, swirl, dance, dancer, jazz, movement, motion, van gogh, brush stroke, rhythm",
            2: "wind, hair, music, abstract, line, energy, feather, impressionist, fur, horse",
        }
    ),
    "silk": _weigh(
        {
            4: "silk, satin, velvet, drapery",
            3: "fabric, cloth, liquid, fluid, smoke, lava, cream, chocolate, caramel, melted, chrome, gown, curtain",
            2: "dress, paint, metal, ink, perfume",
        }
    ),
    "marble": _weigh(
        {
            4: "marble, malachite, agate, kintsugi, geode",
            3: "stone, mineral, jade, vein, onyx, quartz",
            2: "gem, crystal, texture, statue, sculpture, jewel, jewelry",
            1: "emerald, ring",
        }
    ),
    "nightlake": _weigh(
        {
            5: "milky way",
            3: "lake, starry, night sky, galaxy, constellation, pond, camp, camping, tent, fjord, nebula",
            2: "reflection, star, night, firefly, universe, cosmic",
            1: "boat",
        }
    ),
    "trails": _weigh(
        {
            6: "star trail",
            5: "pole star, polaris",
            4: "long exposure, time-lapse, timelapse, shooting star",
            3: "trail, rotation, vortex, comet, meteor",
            2: "clock, wish",
            1: "time",
        }
    ),
    "aurora": _weigh(
        {
            6: "aurora, northern light",
            5: "polar light",
            4: "arctic, iceland, lapland, polar bear, alaska",
            3: "polar, norway, finland, winter night, reindeer",
            2: "north, magic, magical, spirit, ghost",
            1: "snow",
        }
    ),
    "dunes": _weigh(
        {
            5: "dune, desert, sahara, camel",
            4: "sand, egypt, pyramid, caravan, nomad",
            3: "oasis, arid, mars, arabian, savanna",
            2: "dubai, heat, lion",
        }
    ),
    "sea": _weigh(
        {
            5: "sailboat",
            4: "sea, ocean, beach, wave, ship, lighthouse, whale, dolphin, pirate",
            3: "coast, sail, boat, harbor, harbour, seagull, surf, surfer, tropical",
            2: "sunset, horizon, water, island, fish",
            1: "sun, sunny",
        }
    ),
    "papercut": _weigh(
        {
            5: "papercut, paper cut, paper-cut",
            4: "paper, origami, canyon, cave, topographic, contour, cutout, grotto",
            3: "layer, layered, relief, craft, underwater, reef, collage",
            2: "map, coral, card",
        }
    ),
    "glass": _weigh(
        {
            6: "stained glass, rose window",
            5: "cathedral, mosaic, kaleidoscope",
            4: "church, mandala, vitrail",
            3: "window, glass, tile, saint, angel, gothic, butterfly, dragonfly, peacock, stained",
            2: "temple, rainbow, parrot",
        }
    ),
    "blocks": _weigh(
        {
            6: "isometric",
            5: "city, skyscraper, metropolis, voxel, skyline",
            4: "town, block, building, architecture, tokyo, new york, manhattan, cyberpunk, downtown, urban, "
            "minecraft, lego, cube, factory",
            3: "street, house, tower, futuristic, paris, london, berlin, low poly, server, office, shop",
            2: "robot, 3d, computer, cafe",
            1: "castle",
        }
    ),
    "planet": _weigh(
        {
            6: "saturn, jupiter",
            5: "planet, astronaut, spaceship, outer space, solar system, neptune",
            4: "space, orbit, rocket, cosmos, alien, asteroid, ufo, satellite, venus",
            3: "sci-fi, scifi, earth, science fiction",
            2: "moon, world",
        }
    ),
    "bloom": _weigh(
        {
            6: "dahlia, sunflower, chrysanthemum",
            5: "flower, bloom, petal, lotus, peony, daisy, bouquet, floral",
            4: "blossom, tulip, lily, botanical, orchid",
            3: "rose, garden, bee, bride",
            2: "woman, girl, princess, queen, mother, love, heart",
            1: "spring",
        }
    ),
    "bokeh": _weigh(
        {
            6: "bokeh",
            5: "raindrop, city light, christmas light",
            4: "rain, rainy, neon sign, traffic, droplet, umbrella, taxi, night street",
            3: "wet, drop, cafe, car, party, christmas, lamp, candle, lantern, blurry, blurred, celebration, "
            "festive, bar",
            2: "neon, train, portrait, coffee",
            1: "light, man, person",
        }
    ),
    "delta": _weigh(
        {
            6: "delta, satellite view, estuary, archipelago, atoll",
            5: "aerial, from above, bird's eye, lagoon, continent, fantasy map",
            4: "river, drone, top view, glacier, marsh",
            3: "island, swamp, map, shore, stream",
            2: "turtle",
        }
    ),
    "attractor": _weigh(
        {
            6: "attractor",
            5: "chaos, fractal, butterfly effect",
            4: "math, mathematics, generative, equation, particle, thread, quantum, jellyfish",
            3: "veil, thought, mind, brain, soul, wing, data, neural, network, physics, bird of paradise, phoenix, "
            "algorithm",
            2: "ai, dream",
            1: "mysterious, elegant",
        }
    ),
    "geometry": _weigh(
        {
            6: "bauhaus",
            5: "geometric, geometry, art deco, kandinsky",
            4: "pattern, shape, circle, poster, logo, midcentury, mid-century, quilt, icon",
            3: "square, triangle, minimal, minimalist, retro, graphic, toy, vector, scandinavian",
            2: "modern, design, wallpaper, flat, food, fruit, pizza, cake",
        }
    ),
    "clouds": _weigh(
        {
            6: "above the cloud, cumulus",
            5: "cloud, hot air balloon",
            4: "heaven, airplane, plane, balloon, thunder, lightning, heavenly, kite, pegasus, cotton candy",
            3: "sky, fly, flying, storm, dream, ethereal, angelic, floating, unicorn, stormy",
            2: "dreamy, air, paradise",
            1: "wind",
        }
    ),
}

OUTDOORS: Final = frozenset({"ridges", "forest", "nightlake", "trails", "aurora", "dunes", "sea", "clouds"})
"""Scenes with air in them, on which snow or rain can fall."""

TIMES: Final[dict[str, tuple[str, ...]]] = _sets(
    {
        "dawn": "dawn, sunrise, morning, daybreak, early",
        "day": "day, noon, midday, sunny, daylight, afternoon, bright day, blue sky, summer, daytime",
        "sunset": "sunset, golden hour, evening, sundown, setting sun",
        "dusk": "dusk, twilight, blue hour, gloaming, nightfall",
        "night": "night, midnight, moonlit, moonlight, starry, star, nocturnal, dark sky, milky way, "
        "cyberpunk, neon, galaxy",
    }
)

WEATHERS: Final[dict[str, tuple[str, ...]]] = _sets(
    {
        "fog": "fog, foggy, mist, misty, haze, hazy, smoky",
        "rain": "rain, rainy, drizzle, monsoon, downpour, raindrop",
        "snow": "snow, snowy, snowing, blizzard, snowfall, snowflake, winter, christmas, frozen",
        "storm": "storm, stormy, thunder, lightning, tempest, hurricane, thunderstorm",
    }
)

SEASON_COLOURS: Final[dict[str, tuple[str, ...]]] = {
    "spring": ("#9ac26b", "#f2b6c6"),
    "autumn": ("#8a3b1e", "#e39a3b"),
    "fall colors": ("#8a3b1e", "#e39a3b"),
    "golden hour": ("#8f4a2a", "#f5b04a"),
}

MOODS: Final[dict[str, tuple[str, ...]]] = _sets(
    {
        "calm": "calm, serene, peaceful, quiet, tranquil, zen, gentle, relaxing, still, silent",
        "wild": "wild, dramatic, epic, chaotic, intense, powerful, explosive, energetic, fierce, rough",
    }
)

TONES: Final[dict[str, tuple[str, ...]]] = _sets(
    {
        "pastel": "pastel, soft, pale, delicate, light colors, light colours, watercolor, watercolour, kawaii",
        "vivid": "vivid, vibrant, colorful, colourful, saturated, neon, psychedelic, pop art, rainbow, bold, "
        "synthwave, vaporwave",
        "monochrome": "monochrome, black and white, black & white, b&w, grayscale, greyscale, noir, charcoal, "
        "pencil, sketch",
        "muted": "muted, vintage, faded, desaturated, film, nostalgic, old photo, melancholy, sad, washed",
        "dark": "dark, gloomy, moody, low key, shadowy, ominous, sinister, horror, goth, spooky",
        "bright": "bright, airy, luminous, radiant, cheerful, happy, joyful, high key, sunlit",
    }
)

COLOURS: Final[dict[str, str]] = {
    "red": "#cf2a2a", "crimson": "#b3162f", "scarlet": "#d9301f", "ruby": "#b0123f", "burgundy": "#6d1330",
    "maroon": "#6e1a22", "cherry": "#c11f3a", "blood": "#9b1414", "orange": "#ee7b22", "tangerine": "#f2822a",
    "amber": "#f2a32c", "copper": "#b86a3c", "bronze": "#a2703a", "terracotta": "#c4623f", "rust": "#a8481f",
    "peach": "#f7b48c", "coral": "#f2705f", "salmon": "#f18a75", "apricot": "#f6ad72", "yellow": "#f3cf2f",
    "gold": "#dba42c", "golden": "#dfa531", "lemon": "#f4e04d", "mustard": "#c99a26", "honey": "#e3a12f",
    "sand colored": "#dfc08e", "beige": "#dcc7a1", "brown": "#7c4f2c", "chestnut": "#7a4127", "sepia": "#8f6a45",
    "green": "#3a9a4b", "emerald": "#0f8f62", "lime": "#9bd13c", "olive": "#7f8533", "sage": "#93ab86",
    "mint": "#93dcb8", "forest green": "#1f6038", "jade": "#1f9c74", "teal": "#138a8a", "turquoise": "#2bb8b4",
    "cyan": "#28c3d8", "aqua": "#3cc7cf", "aquamarine": "#5fd6bd", "blue": "#2463cf", "azure": "#2f8ae6",
    "navy": "#16295f", "cobalt": "#1f49b6", "indigo": "#3d2f9c", "sapphire": "#1d44a8", "sky blue": "#6fb7ec",
    "ultramarine": "#2a35b8", "purple": "#7a35b0", "violet": "#7c42cf", "lavender": "#b39ade", "lilac": "#c3a2dc",
    "mauve": "#a9789c", "plum": "#6f2f68", "magenta": "#d02a9c", "fuchsia": "#db2f9d", "pink": "#ef7fab",
    "hot pink": "#f0418f", "rose gold": "#d99a8b", "black": "#0d0d10", "white": "#f7f7f5", "grey": "#8b8d90",
    "gray": "#8b8d90", "silver": "#b9bec4", "ivory": "#efe7d4", "cream colored": "#f1e6cc", "charcoal": "#35383d",
}  # fmt: skip

MATERIAL_COLOURS: Final[dict[str, tuple[str, ...]]] = {
    "fire": ("#8f1c0e", "#f59a2b"), "flame": ("#8f1c0e", "#f59a2b"), "ember": ("#7a1a12", "#f08a3c"),
    "lava": ("#7d1208", "#f5792a"), "ice": ("#2b6f9e", "#bfe3ef"), "malachite": ("#0f7a58", "#8fd0ac"),
    "cherry blossom": ("#b7557f", "#f6b7cb"), "sakura": ("#b7557f", "#f6b7cb"), "chocolate": ("#4a2716", "#c08a58"),
    "caramel": ("#8a4a1c", "#e8b06a"), "cotton candy": ("#7fb4e8", "#f5a8cb"), "jungle": ("#14532f", "#9cc25b"),
    "synthwave": ("#4b1d9c", "#f23fa0"), "vaporwave": ("#38b6d6", "#f57fc6"), "cyberpunk": ("#2b1f9c", "#ee3fa8"),
    "sunflower": ("#7a4310", "#f4c02b"), "lotus": ("#b44a86", "#f4bcd2"), "jellyfish": ("#3543b8", "#e58ad6"),
    "galaxy": ("#3a2f9c", "#c08ae0"),
    "neon": ("#2438d8", "#f23fa8"), "halloween": ("#43206b", "#ee7d1f"), "matrix": ("#0b5a25", "#57e07a"),
}  # fmt: skip

THINGS: Final[dict[str, tuple[str, ...]]] = _sets(
    {
        "sun": "sun, sunlight",
        "moon": "moon, full moon, crescent, moonlit, moonlight",
        "star": "star, starry",
        "bird": "bird, seagull, eagle, flock, crow, raven",
        "tree": "tree, pine, forest, fir, conifer",
        "cloud": "cloud, cloudy, overcast",
        "boat": "boat, sailboat, sail, ship, yacht",
        "light": "light, window, lamp",
        "vein": "vein, kintsugi, gold",
        "ring": "ring, saturn",
        "reflection": "reflection, mirror",
        "snow": "snow, snowfall, snowing, blizzard, snowflake, snowy",
        "rain": "rain, raining, drizzle, downpour, rainy",
        "fog": "fog, mist, haze",
        "drop": "drop, raindrop, droplet",
        "mountain": "mountain, hill, peak",
        "milky way": "milky way, galaxy",
        "grain": "grain, noise, grainy",
        "planet": "planet",
        "shadow": "shadow",
        "person": "person, people, human, man, woman, girl, boy, hiker, face, crowd",
        "balloon": "balloon, hot air balloon",
        "lighthouse": "lighthouse",
    }
)

NEGATIONS: Final = ("no", "without", "not", "never", "except")
"""Words before which a thing in the prompt itself is taken away: 'a lake without stars'."""
