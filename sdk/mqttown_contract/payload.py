"""What all payloads of the wire share."""

from pydantic import BaseModel, ConfigDict

__all__ = ["Message"]


class Message(BaseModel):
    """What all payloads share."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)
