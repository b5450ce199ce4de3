package org.llava4j.data.synthetic;

import java.awt.Color;
import java.util.Locale;

/** Map symbol of a landmark, about 16 units high. */
enum Landmark {
    HOUSE {
        @Override
        void render(Canvas canvas, double x, double y) {
            canvas.rectangle(x - 6, y - 2, 12, 10, canvas.vary(new Color(240, 240, 240)));
            canvas.polygon(canvas.vary(NamedColor.RED.color()), x - 8, y - 2, x, y - 10, x + 8, y - 2);
            canvas.rectangle(x - 1.5, y + 2, 3, 6, NamedColor.INK);
        }
    },
    TREE {
        @Override
        void render(Canvas canvas, double x, double y) {
            canvas.rectangle(x - 1.8, y, 3.6, 9, canvas.vary(new Color(115, 75, 40)));
            canvas.disc(x, y - 3, 7, canvas.vary(NamedColor.GREEN.color()));
        }
    },
    FLAG {
        @Override
        void render(Canvas canvas, double x, double y) {
            canvas.line(x - 5, y - 9, x - 5, y + 9, NamedColor.INK, 1.8);
            canvas.polygon(canvas.vary(NamedColor.PURPLE.color()), x - 4, y - 9, x + 9, y - 4, x - 4, y + 1);
        }
    },
    TENT {
        @Override
        void render(Canvas canvas, double x, double y) {
            canvas.polygon(canvas.vary(NamedColor.ORANGE.color()), x - 9, y + 7, x, y - 8, x + 9, y + 7);
            canvas.polygon(NamedColor.INK, x - 2.5, y + 7, x, y - 1, x + 2.5, y + 7);
        }
    };

    /** Renders the symbol centered at x, y. */
    abstract void render(Canvas canvas, double x, double y);

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
