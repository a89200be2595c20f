"""Dashboard: the World API and the page."""
