package org.llava4j.data.world;

import java.awt.Color;
import java.util.Locale;

/** Colours that have a name in captions and questions. */
enum Tint {
    RED(200, 40, 40),
    BLUE(45, 80, 200),
    GREEN(40, 150, 60),
    ORANGE(235, 140, 30),
    PURPLE(140, 50, 170);

    static final Color INK = new Color(45, 45, 50);

    private final Color colour;

    Tint(int red, int green, int blue) {
        colour = new Color(red, green, blue);
    }

    Color colour() {
        return colour;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
