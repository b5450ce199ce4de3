package org.llava4j.data.synthetic;

import java.awt.Color;
import java.util.Locale;

/** Flat shapes that can be counted. */
enum ShapeForm {
    CIRCLE {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color colour) {
            canvas.disc(x, y, r, colour);
        }
    },
    SQUARE {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color colour) {
            canvas.rectangle(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r, colour);
        }
    },
    TRIANGLE {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color colour) {
            canvas.polygon(colour, x, y - r, x + 1.1 * r, y + r, x - 1.1 * r, y + r);
        }
    },
    STAR {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color colour) {
            double[] points = new double[20];
            for (int i = 0; i < 10; i++) {
                double radius = i % 2 == 0 ? 1.2 * r : 0.5 * r;
                points[2 * i] = x + radius * Math.sin(i * Math.PI / 5);
                points[2 * i + 1] = y - radius * Math.cos(i * Math.PI / 5);
            }
            canvas.polygon(colour, points);
        }
    };

    /** Draws the shape centred at x, y, about {@code r} units in each direction. */
    abstract void render(Canvas canvas, double x, double y, double r, Color colour);

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    String words(int count) {
        return count == 1 ? word() : word() + "s";
    }
}
