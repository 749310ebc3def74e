"""Call-backs: whoever waits for a bed is called on schedule until they are admitted (FUP-12)."""
