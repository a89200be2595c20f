"""The importer: compiles an OpenStreetMap extract into the map of a town."""
