package org.llava4j.data.synthetic;

import java.util.Map;

/** Stroke font of letters, digits and marks, in a box of width 0.6 and height 1; each stroke is x, y, x, y, ... */
final class Glyphs {
    private static final Map<Character, double[][]> STROKES = Map.ofEntries(
            Map.entry('A', new double[][] {{0, 1, 0.3, 0, 0.6, 1}, {0.12, 0.65, 0.48, 0.65}}),
            Map.entry('B', new double[][] {
                {0, 0, 0, 1, 0.45, 1, 0.6, 0.86, 0.6, 0.64, 0.45, 0.5, 0, 0.5},
                {0, 0, 0.4, 0, 0.54, 0.12, 0.54, 0.38, 0.4, 0.5}
            }),
            Map.entry('N', new double[][] {{0, 1, 0, 0, 0.6, 1, 0.6, 0}}),
            Map.entry('S', new double[][] {
                {
                    0.6, 0.15, 0.45, 0, 0.15, 0, 0, 0.15, 0, 0.36, 0.15, 0.5, 0.45, 0.5, 0.6, 0.64, 0.6, 0.85, 0.45, 1,
                    0.15, 1, 0, 0.85
                }
            }),
            Map.entry('0', new double[][] {
                {0.3, 0, 0.52, 0.15, 0.6, 0.5, 0.52, 0.85, 0.3, 1, 0.08, 0.85, 0, 0.5, 0.08, 0.15, 0.3, 0}
            }),
            Map.entry('1', new double[][] {{0.1, 0.2, 0.3, 0, 0.3, 1}}),
            Map.entry('2', new double[][] {{0, 0.2, 0.15, 0, 0.45, 0, 0.6, 0.2, 0.55, 0.42, 0, 1, 0.6, 1}}),
            Map.entry('3', new double[][] {
                {0, 0.05, 0.5, 0.05, 0.28, 0.42, 0.5, 0.5, 0.6, 0.72, 0.48, 0.95, 0.2, 1, 0, 0.85}
            }),
            Map.entry('4', new double[][] {{0.45, 1, 0.45, 0, 0, 0.7, 0.6, 0.7}}),
            Map.entry('.', new double[][] {{0.3, 0.96, 0.3, 1}}),
            Map.entry('!', new double[][] {{0.3, 0, 0.3, 0.68}, {0.3, 0.96, 0.3, 1}}),
            Map.entry('?', new double[][] {
                {0, 0.2, 0.15, 0, 0.45, 0, 0.6, 0.18, 0.55, 0.36, 0.3, 0.52, 0.3, 0.7}, {0.3, 0.96, 0.3, 1}
            }));

    private Glyphs() {}

    static double[][] strokes(char glyph) {
        double[][] strokes = STROKES.get(glyph);
        if (strokes == null) {
            throw new IllegalArgumentException("no strokes for '" + glyph + "'");
        }
        return strokes;
    }
}
