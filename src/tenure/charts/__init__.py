"""Pictures: pure functions from result tables to Plotly figures."""
