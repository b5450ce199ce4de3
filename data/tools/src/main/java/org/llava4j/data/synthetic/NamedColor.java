package org.llava4j.data.synthetic;

import java.awt.Color;
import java.util.Locale;

/** Color with a name in captions and questions. */
enum NamedColor {
    RED(200, 40, 40),
    BLUE(45, 80, 200),
    GREEN(40, 150, 60),
    ORANGE(235, 140, 30),
    PURPLE(140, 50, 170);

    static final Color INK = new Color(45, 45, 50);

    private final Color color;

    NamedColor(int red, int green, int blue) {
        color = new Color(red, green, blue);
    }

    Color color() {
        return color;
    }

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
