package org.llava4j.data.synthetic;

import java.awt.Color;
import java.awt.geom.Rectangle2D;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Scene of two bar magnets in a row or one above the other; north poles are red, south poles blue, each with its
 * letter.
 */
record MagnetScene(boolean firstFacesWithNorth, boolean secondFacesWithNorth, boolean upright) implements Scene {
    private static final Color NORTH = new Color(205, 45, 45);
    private static final Color SOUTH = new Color(50, 85, 195);

    static SceneQuestion generate(int turn, SplittableRandom random) {
        boolean attract = turn % 2 == 0;
        boolean first = random.nextBoolean();
        MagnetScene scene = new MagnetScene(first, first != attract, random.nextBoolean());
        String solution = "The poles that face each other are " + pole(first) + " and "
                + pole(scene.secondFacesWithNorth) + ". "
                + (attract ? "Opposite poles attract." : "Equal poles repel.");
        MultipleChoiceQuestion question = new MultipleChoiceQuestion(
                "Will these magnets attract or repel each other?",
                random.nextBoolean() ? "Two magnets are placed as shown." : "",
                List.of("attract", "repel"),
                attract ? 0 : 1,
                solution);
        return SceneQuestion.of(scene, question);
    }

    private static String pole(boolean north) {
        return north ? "north" : "south";
    }

    @Override
    public void render(Canvas canvas) {
        double gap = 8 + canvas.jitter(3);
        double across = 50 + canvas.jitter(14);
        double thick = 20 + canvas.jitter(4);
        double middle = 50 + canvas.jitter(3);
        double half = 19 + canvas.jitter(1.5);
        half(canvas, middle - gap / 2 - 2 * half, half, across, thick, !firstFacesWithNorth);
        half(canvas, middle - gap / 2 - half, half, across, thick, firstFacesWithNorth);
        half(canvas, middle + gap / 2, half, across, thick, secondFacesWithNorth);
        half(canvas, middle + gap / 2 + half, half, across, thick, !secondFacesWithNorth);
    }

    /** Renders one half of a bar at {@code along} on the axis of the magnets; the axis is vertical if upright. */
    private void half(Canvas canvas, double along, double length, double across, double thick, boolean north) {
        Rectangle2D bar = upright
                ? new Rectangle2D.Double(across - thick / 2, along, thick, length)
                : new Rectangle2D.Double(along, across - thick / 2, length, thick);
        canvas.fill(bar, canvas.vary(north ? NORTH : SOUTH));
        canvas.outline(bar, NamedColor.INK, 0.8);
        canvas.glyph(north ? 'N' : 'S', bar.getCenterX(), bar.getCenterY(), 10, Color.WHITE, 1.8);
    }

    @Override
    public String caption(SplittableRandom random) {
        String first = pole(firstFacesWithNorth);
        String second = pole(secondFacesWithNorth);
        return SeededRandom.choice(
                List.of(
                        "Two magnets. A " + first + " pole faces a " + second + " pole.",
                        "The poles of the magnets that face each other are " + first + " and " + second + "."),
                random);
    }

    @Override
    public String label() {
        return "magnets " + pole(firstFacesWithNorth) + " " + pole(secondFacesWithNorth);
    }
}
