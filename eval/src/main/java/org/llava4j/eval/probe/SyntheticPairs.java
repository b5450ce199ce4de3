package org.llava4j.eval.probe;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import javax.imageio.ImageIO;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * Drawn pairs: two shapes of two colours side by side, asked about one of them, and about the shape of the one in the colour
 * of the other.
 */
final class SyntheticPairs {
    private static final int IMAGE_SIZE = 224;
    private static final int MARGIN = 16;
    private static final List<String> SHAPES = List.of("circle", "square", "triangle");
    private static final TreeMap<String, Color> COLORS = new TreeMap<>(Map.of(
            "red",
            new Color(0xd0342c),
            "blue",
            new Color(0x2f5fd0),
            "green",
            new Color(0x2c9a4b),
            "yellow",
            new Color(0xe8c12a)));

    private SyntheticPairs() {}

    /** Writes {@code pairs.jsonl} and {@code images/}; the same seed draws the same. */
    static void write(Path folder, int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> colours = List.copyOf(COLORS.keySet());
        StringBuilder lines = new StringBuilder();
        try {
            Files.createDirectories(folder.resolve("images"));
            for (int i = 0; i < count; i++) {
                List<String> shapes = sampleTwo(SHAPES, random);
                List<String> both = sampleTwo(colours, random);
                String image = i + ".png";
                ImageIO.write(
                        render(shapes, both),
                        "png",
                        folder.resolve("images").resolve(image).toFile());
                lines.append(JsonInput.write(new ProbePair(
                                        String.valueOf(i),
                                        image,
                                        "Is there a " + both.get(0) + " " + shapes.get(0) + " in the picture?",
                                        "Is there a " + both.get(1) + " " + shapes.get(0) + " in the picture?"))
                                .replaceAll("\\s*\\n\\s*", " ")
                                .strip())
                        .append('\n');
            }
        } catch (IOException e) {
            throw new BadInputException(folder + " cannot be written (" + e.getMessage() + ")", e);
        }
        AtomicFile.writeString(folder.resolve("pairs.jsonl"), lines.toString());
    }

    private static List<String> sampleTwo(List<String> all, SplittableRandom random) {
        List<String> left = new ArrayList<>(all);
        String first = left.remove(random.nextInt(left.size()));
        return List.of(first, left.get(random.nextInt(left.size())));
    }

    private static BufferedImage render(List<String> shapes, List<String> colours) {
        BufferedImage image = new BufferedImage(IMAGE_SIZE, IMAGE_SIZE, BufferedImage.TYPE_INT_RGB);
        Graphics2D pen = image.createGraphics();
        pen.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        pen.setColor(Color.WHITE);
        pen.fillRect(0, 0, IMAGE_SIZE, IMAGE_SIZE);
        pen.setStroke(new BasicStroke(2));
        int size = IMAGE_SIZE / 2 - 2 * MARGIN;
        for (int i = 0; i < 2; i++) {
            int x = i * IMAGE_SIZE / 2 + MARGIN;
            int y = (IMAGE_SIZE - size) / 2;
            pen.setColor(COLORS.get(colours.get(i)));
            switch (shapes.get(i)) {
                case "circle" -> pen.fillOval(x, y, size, size);
                case "square" -> pen.fillRect(x, y, size, size);
                default -> pen.fillPolygon(new int[] {x, x + size / 2, x + size}, new int[] {y + size, y, y + size}, 3);
            }
        }
        pen.dispose();
        return image;
    }
}
