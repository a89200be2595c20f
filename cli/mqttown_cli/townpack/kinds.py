"""What OSM tags make of a building or a spot: its kind in the town."""

from collections.abc import Mapping
from typing import Final

__all__ = ["KINDS", "PRIORITY", "WHOLE_HOUSE", "fills_a_house", "kind_of_building", "kind_of_use"]

KINDS: Final = (
    "home", "cafe", "restaurant", "shop", "office", "school", "park", "bar", "hotel", "church", "museum", "theatre", "station",
    "hospital", "civic", "other",
)  # fmt: skip
"""All kinds, as in docs/parts.md."""

WHOLE_HOUSE: Final = ("station", "hospital", "school", "church", "museum", "theatre", "hotel", "civic", "office")
"""A use of these kinds fills a whole house; the others need no more than a room on the street."""

PRIORITY: Final = (*WHOLE_HOUSE[:-1], "cafe", "restaurant", "bar", "shop", "office", "park")
"""Of several uses in one building the first of these gives the building its kind and name."""

_USES: Final[tuple[tuple[str, Mapping[str, str]], ...]] = (
    ("amenity", {
        "restaurant": "restaurant", "fast_food": "restaurant", "food_court": "restaurant", "canteen": "restaurant",
        "cafe": "cafe", "ice_cream": "cafe", "bar": "bar", "pub": "bar", "nightclub": "bar", "biergarten": "bar",
        "school": "school", "kindergarten": "school", "university": "school", "college": "school", "childcare": "school",
        "language_school": "school", "music_school": "school", "hospital": "hospital", "clinic": "hospital",
        "doctors": "hospital", "dentist": "hospital", "place_of_worship": "church", "monastery": "church",
        "theatre": "theatre", "cinema": "theatre", "arts_centre": "theatre", "concert_hall": "theatre",
        "townhall": "civic", "library": "civic", "courthouse": "civic", "police": "civic", "fire_station": "civic",
        "post_office": "civic", "community_centre": "civic", "embassy": "civic", "social_facility": "civic",
        "marketplace": "civic", "public_building": "civic", "social_centre": "civic", "conference_centre": "civic",
        "bus_station": "station", "ferry_terminal": "station", "bank": "office", "coworking_space": "office",
        "pharmacy": "shop", "fuel": "shop", "car_rental": "shop", "bureau_de_change": "shop", "veterinary": "hospital",
    }),
    ("tourism", {"hotel": "hotel", "hostel": "hotel", "guest_house": "hotel", "motel": "hotel", "apartment": "hotel",
                 "museum": "museum", "gallery": "museum"}),
    ("railway", {"station": "station", "halt": "station"}),
    ("public_transport", {"station": "station"}),
    ("leisure", {"park": "park", "garden": "park", "playground": "park", "dog_park": "park", "nature_reserve": "park",
                 "fitness_centre": "civic", "sports_centre": "civic", "sports_hall": "civic", "stadium": "civic"}),
    ("place", {"square": "civic"}),
    ("healthcare", {"*": "hospital"}),
    ("shop", {"vacant": "", "no": "", "*": "shop"}),
    ("craft", {"*": "shop"}),
    ("office", {"government": "civic", "diplomatic": "civic", "vacant": "", "no": "", "*": "office"}),
)  # fmt: skip

_ROOMS: Final[tuple[tuple[str, frozenset[str]], ...]] = (
    ("amenity", frozenset({
        "doctors", "dentist", "clinic", "veterinary", "kindergarten", "childcare", "language_school", "music_school", "bank",
        "embassy", "post_office", "social_facility", "community_centre", "social_centre", "coworking_space",
    })),
    ("tourism", frozenset({"gallery", "apartment"})),
    ("leisure", frozenset({"fitness_centre", "sports_centre"})),
    ("office", frozenset({"diplomatic"})),
)  # fmt: skip
"""Uses that rent a floor in a larger house, so that it is not named for them."""

_BUILDINGS: Final[Mapping[str, str]] = {
    "apartments": "home", "residential": "home", "house": "home", "detached": "home", "semidetached_house": "home",
    "terrace": "home", "dormitory": "home", "bungalow": "home", "cabin": "home", "farm": "home", "houseboat": "home",
    "retail": "shop", "supermarket": "shop", "kiosk": "shop", "commercial": "office", "office": "office", "bank": "office",
    "industrial": "office", "warehouse": "office", "school": "school", "kindergarten": "school", "university": "school",
    "college": "school", "church": "church", "chapel": "church", "cathedral": "church", "mosque": "church",
    "synagogue": "church", "temple": "church", "monastery": "church", "hotel": "hotel", "hospital": "hospital",
    "train_station": "station", "transportation": "station", "public": "civic", "civic": "civic", "government": "civic",
    "townhall": "civic", "fire_station": "civic", "sports_hall": "civic", "museum": "museum", "theatre": "theatre",
    "garage": "other", "garages": "other", "carport": "other", "shed": "other", "hut": "other", "roof": "other",
    "greenhouse": "other", "barn": "other", "service": "other", "utility": "other", "transformer_tower": "other",
    "ruins": "other", "construction": "other", "parking": "other", "bunker": "other", "bridge": "other", "entrance": "other",
    "farm_auxiliary": "other", "stable": "other", "allotment_house": "other", "sauna": "other", "grandstand": "other",
}  # fmt: skip


def kind_of_use(tags: Mapping[str, str]) -> str | None:
    """Return the kind that the use tags (amenity, shop, office, …) give, or None where they give none."""
    for key, values in _USES:
        value = tags.get(key)
        if value is not None:
            kind = values.get(value, values.get("*"))
            if kind:
                return kind
    return None


def fills_a_house(tags: Mapping[str, str]) -> bool:
    """Say whether a use takes a whole house, however large: a hotel does, a café, a dentist or a gallery doesn't."""
    rents = any(tags.get(key) in values for key, values in _ROOMS)
    return kind_of_use(tags) in WHOLE_HOUSE and not rents and ("healthcare" not in tags or tags.get("amenity") == "hospital")


def kind_of_building(tags: Mapping[str, str]) -> str | None:
    """Return the kind that `building=*` itself gives, or None where it says no more than that there is one."""
    return _BUILDINGS.get(tags.get("building", ""))
