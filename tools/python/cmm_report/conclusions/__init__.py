"""What a run comes to: the answer, the verdict, recipes, movers, and how runs compare."""
