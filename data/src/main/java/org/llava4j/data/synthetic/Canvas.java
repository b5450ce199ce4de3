package org.llava4j.data.synthetic;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.Shape;
import java.awt.geom.AffineTransform;
import java.awt.geom.Ellipse2D;
import java.awt.geom.Line2D;
import java.awt.geom.Path2D;
import java.awt.geom.Rectangle2D;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.llava4j.data.captions.BoundingBox;

/**
 * A square picture drawn in a space of 100 x 100 units, origin at the top left. Shapes only, no fonts: a headless
 * Java may have none. Everything a scene leaves open (ground, shade, place) is drawn from the canvas's generator.
 */
final class Canvas {
    private static final int NOISE = 5;

    private final BufferedImage image;
    private final Graphics2D graphics;
    private final SplittableRandom random;
    private final List<BoundingBox> boxes = new ArrayList<>();

    Canvas(int sizePx, SplittableRandom random) {
        this.random = random;
        image = new BufferedImage(sizePx, sizePx, BufferedImage.TYPE_INT_RGB);
        graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setRenderingHint(RenderingHints.KEY_STROKE_CONTROL, RenderingHints.VALUE_STROKE_PURE);
        graphics.scale(sizePx / 100.0, sizePx / 100.0);
        rectangle(0, 0, 100, 100, new Color(shade(), shade(), shade()));
    }

    private int shade() {
        return 226 + random.nextInt(30);
    }

    SplittableRandom random() {
        return random;
    }

    /** A random offset between -reach and reach units. */
    double jitter(double reach) {
        return SeededRandom.uniform(-reach, reach, random);
    }

    /** The colour, a little lighter, darker or to the side. */
    Color vary(Color colour) {
        return new Color(near(colour.getRed()), near(colour.getGreen()), near(colour.getBlue()));
    }

    private int near(int channel) {
        return Math.max(0, Math.min(255, channel + random.nextInt(37) - 18));
    }

    void fill(Shape shape, Color colour) {
        graphics.setColor(colour);
        graphics.fill(shape);
    }

    void outline(Shape shape, Color colour, double width) {
        graphics.setColor(colour);
        graphics.setStroke(new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(shape);
    }

    void rectangle(double x, double y, double width, double height, Color colour) {
        fill(new Rectangle2D.Double(x, y, width, height), colour);
    }

    void disc(double x, double y, double radius, Color colour) {
        fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius), colour);
    }

    void line(double x1, double y1, double x2, double y2, Color colour, double width) {
        outline(new Line2D.Double(x1, y1, x2, y2), colour, width);
    }

    void polygon(Color colour, double... points) {
        fill(polyline(true, points), colour);
    }

    /** Remembers that something is there: it reaches so far from its middle to each side. */
    void addBox(String category, double x, double y, double reach) {
        boxes.add(new BoundingBox(
                category, fraction(x - reach), fraction(y - reach), fraction(x + reach), fraction(y + reach)));
    }

    private static double fraction(double units) {
        return Math.max(0, Math.min(1, units / 100));
    }

    /** What was marked, in the order of drawing. */
    List<BoundingBox> boxes() {
        return List.copyOf(boxes);
    }

    /** Draws one letter, digit or mark centred at x, y. */
    void glyph(char glyph, double x, double y, double height, Color colour, double width) {
        AffineTransform place = new AffineTransform();
        place.translate(x - height * 0.3, y - height / 2);
        place.scale(height, height);
        for (double[] stroke : Glyphs.strokes(glyph)) {
            outline(place.createTransformedShape(polyline(false, stroke)), colour, width);
        }
    }

    static Path2D polyline(boolean closed, double... points) {
        Path2D path = new Path2D.Double();
        path.moveTo(points[0], points[1]);
        for (int i = 2; i < points.length; i += 2) {
            path.lineTo(points[i], points[i + 1]);
        }
        if (closed) {
            path.closePath();
        }
        return path;
    }

    /** Ends the drawing: adds sensor-like noise to every channel and gives the picture. */
    BufferedImage finish() {
        graphics.dispose();
        int size = image.getWidth();
        int[] pixels = image.getRGB(0, 0, size, size, null, 0, size);
        for (int i = 0; i < pixels.length; i++) {
            int rgb = pixels[i];
            pixels[i] = noisy(rgb >> 16) << 16 | noisy(rgb >> 8) << 8 | noisy(rgb);
        }
        image.setRGB(0, 0, size, size, pixels, 0, size);
        return image;
    }

    private int noisy(int channel) {
        int value = (channel & 0xFF) + random.nextInt(2 * NOISE + 1) - NOISE;
        return Math.max(0, Math.min(255, value));
    }
}
