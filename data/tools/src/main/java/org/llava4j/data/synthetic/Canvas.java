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
import java.awt.image.DataBufferInt;
import java.util.SplittableRandom;

/**
 * Square canvas of 100 x 100 units with the origin at the top left. It renders shapes without fonts, since a headless
 * JVM may have none. What a scene leaves open (background, shade, position) is sampled from the canvas's generator.
 */
final class Canvas {
    private static final int NOISE = 5;

    private final BufferedImage image;
    private final Graphics2D graphics;
    private final SplittableRandom random;

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

    /** Returns a random offset between -reach and reach units. */
    double jitter(double reach) {
        return SeededRandom.uniform(-reach, reach, random);
    }

    /** Returns a random variation of a color. */
    Color vary(Color color) {
        return new Color(near(color.getRed()), near(color.getGreen()), near(color.getBlue()));
    }

    private int near(int channel) {
        return Math.max(0, Math.min(255, channel + random.nextInt(37) - 18));
    }

    void fill(Shape shape, Color color) {
        graphics.setColor(color);
        graphics.fill(shape);
    }

    void outline(Shape shape, Color color, double width) {
        graphics.setColor(color);
        graphics.setStroke(new BasicStroke((float) width, BasicStroke.CAP_ROUND, BasicStroke.JOIN_ROUND));
        graphics.draw(shape);
    }

    void rectangle(double x, double y, double width, double height, Color color) {
        fill(new Rectangle2D.Double(x, y, width, height), color);
    }

    void disc(double x, double y, double radius, Color color) {
        fill(new Ellipse2D.Double(x - radius, y - radius, 2 * radius, 2 * radius), color);
    }

    void line(double x1, double y1, double x2, double y2, Color color, double width) {
        outline(new Line2D.Double(x1, y1, x2, y2), color, width);
    }

    void polygon(Color color, double... points) {
        fill(polyline(true, points), color);
    }

    /** Renders one letter, digit or mark centered at x, y. */
    void glyph(char glyph, double x, double y, double height, Color color, double width) {
        AffineTransform transform = new AffineTransform();
        transform.translate(x - height * 0.3, y - height / 2);
        transform.scale(height, height);
        for (double[] stroke : Glyphs.strokes(glyph)) {
            outline(transform.createTransformedShape(polyline(false, stroke)), color, width);
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

    /** Adds sensor-like noise to every channel and returns the image. */
    BufferedImage finish() {
        graphics.dispose();
        int[] pixels = pixels(image);
        for (int i = 0; i < pixels.length; i++) {
            int rgb = pixels[i];
            pixels[i] = noisy(rgb >> 16) << 16 | noisy(rgb >> 8) << 8 | noisy(rgb);
        }
        return image;
    }

    /** Returns the pixels of a rendered image by reference: {@code int32[S, S]}, 0xRRGGBB. */
    static int[] pixels(BufferedImage rendered) {
        return ((DataBufferInt) rendered.getRaster().getDataBuffer()).getData();
    }

    private int noisy(int channel) {
        int value = (channel & 0xFF) + random.nextInt(2 * NOISE + 1) - NOISE;
        return Math.max(0, Math.min(255, value));
    }
}
