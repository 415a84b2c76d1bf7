"""Where else a mistake may be, if what is blamed first only follows from it or cannot be explained."""
