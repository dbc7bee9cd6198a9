"""What users did and what they like: activity, taste, the combined vector, segments, rules, and how good it all is."""
