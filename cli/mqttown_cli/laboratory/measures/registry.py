"""All measures by name. A new measure is one entry in the file of its field."""

from typing import Final

from mqttown_cli.laboratory.measure import Measure
from mqttown_cli.laboratory.measures.diffusion import DIFFUSION
from mqttown_cli.laboratory.measures.economy import ECONOMY
from mqttown_cli.laboratory.measures.headcount import HEADCOUNT
from mqttown_cli.laboratory.measures.inequality import INEQUALITY
from mqttown_cli.laboratory.measures.knowledge import KNOWLEDGE
from mqttown_cli.laboratory.measures.meeting import MEETING
from mqttown_cli.laboratory.measures.mobility import MOBILITY
from mqttown_cli.laboratory.measures.mood import MOOD
from mqttown_cli.laboratory.measures.network import NETWORK
from mqttown_cli.laboratory.measures.norms import NORMS
from mqttown_cli.laboratory.measures.opinion import OPINION
from mqttown_cli.laboratory.measures.roles import ROLES
from mqttown_cli.laboratory.measures.segregation import SEGREGATION

__all__ = ["FIELDS", "MEASURES"]

FIELDS: Final[dict[str, tuple[Measure, ...]]] = {
    "Headcount": HEADCOUNT,
    "Inequality": INEQUALITY,
    "Work and prices": ECONOMY,
    "Networks": NETWORK,
    "Diffusion": DIFFUSION,
    "Knowledge": KNOWLEDGE,
    "Segregation": SEGREGATION,
    "Roles": ROLES,
    "Mobility": MOBILITY,
    "Meeting": MEETING,
    "Mood": MOOD,
    "Norms": NORMS,
    "Opinion": OPINION,
}
"""Measures by field, in the order in which people read them."""
MEASURES: Final[dict[str, Measure]] = {measure.name: measure for field in FIELDS.values() for measure in field}
"""Measures by name."""
