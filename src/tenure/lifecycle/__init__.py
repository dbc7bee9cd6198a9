"""Where users are in their life with the product: rhythm, states, growth, stages, flow, cohorts, stickiness."""
