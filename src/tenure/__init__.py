"""tenure manages the whole life of a product's users, with a recommender at its centre."""
