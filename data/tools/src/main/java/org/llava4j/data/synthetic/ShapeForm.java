package org.llava4j.data.synthetic;

import java.awt.Color;
import java.util.Locale;

/** Form of a countable flat shape. */
enum ShapeForm {
    CIRCLE {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color color) {
            canvas.disc(x, y, r, color);
        }
    },
    SQUARE {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color color) {
            canvas.rectangle(x - 0.9 * r, y - 0.9 * r, 1.8 * r, 1.8 * r, color);
        }
    },
    TRIANGLE {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color color) {
            canvas.polygon(color, x, y - r, x + 1.1 * r, y + r, x - 1.1 * r, y + r);
        }
    },
    STAR {
        @Override
        void render(Canvas canvas, double x, double y, double r, Color color) {
            double[] points = new double[20];
            for (int i = 0; i < 10; i++) {
                double radius = i % 2 == 0 ? 1.2 * r : 0.5 * r;
                points[2 * i] = x + radius * Math.sin(i * Math.PI / 5);
                points[2 * i + 1] = y - radius * Math.cos(i * Math.PI / 5);
            }
            canvas.polygon(color, points);
        }
    };

    /** Renders the shape centered at x, y, about {@code r} units in each direction. */
    abstract void render(Canvas canvas, double x, double y, double r, Color color);

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    String words(int count) {
        return count == 1 ? word() : word() + "s";
    }
}
