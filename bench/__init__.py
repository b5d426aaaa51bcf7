"""Speed, as ratios to SQL written by hand, on the yardstick's data (docs/howto/measure-speed.md)."""
