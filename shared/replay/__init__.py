"""Recording topics losslessly, and playing them back: elsewhere, at any speed, shifted, masked, in part."""
