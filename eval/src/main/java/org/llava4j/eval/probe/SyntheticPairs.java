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
 * Generator of synthetic probe pairs. Each image shows two shapes in two colors; one question names a shape with its
 * color, the other the same shape with the other shape's color.
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

    /** Writes {@code pairs.jsonl} and {@code images/}. Equal seeds write equal files. */
    static void write(Path folder, int count, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<String> colors = List.copyOf(COLORS.keySet());
        StringBuilder lines = new StringBuilder();
        try {
            Files.createDirectories(folder.resolve("images"));
            for (int i = 0; i < count; i++) {
                List<String> shapes = sampleTwo(SHAPES, random);
                List<String> twoColors = sampleTwo(colors, random);
                String image = i + ".png";
                ImageIO.write(
                        render(shapes, twoColors),
                        "png",
                        folder.resolve("images").resolve(image).toFile());
                lines.append(JsonInput.write(new ProbePair(
                                        String.valueOf(i),
                                        image,
                                        "Is there a " + twoColors.get(0) + " " + shapes.get(0) + " in the image?",
                                        "Is there a " + twoColors.get(1) + " " + shapes.get(0) + " in the image?"))
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
        List<String> remaining = new ArrayList<>(all);
        String first = remaining.remove(random.nextInt(remaining.size()));
        return List.of(first, remaining.get(random.nextInt(remaining.size())));
    }

    private static BufferedImage render(List<String> shapes, List<String> colors) {
        BufferedImage image = new BufferedImage(IMAGE_SIZE, IMAGE_SIZE, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
        graphics.setColor(Color.WHITE);
        graphics.fillRect(0, 0, IMAGE_SIZE, IMAGE_SIZE);
        graphics.setStroke(new BasicStroke(2));
        int size = IMAGE_SIZE / 2 - 2 * MARGIN;
        for (int i = 0; i < 2; i++) {
            int x = i * IMAGE_SIZE / 2 + MARGIN;
            int y = (IMAGE_SIZE - size) / 2;
            graphics.setColor(COLORS.get(colors.get(i)));
            switch (shapes.get(i)) {
                case "circle" -> graphics.fillOval(x, y, size, size);
                case "square" -> graphics.fillRect(x, y, size, size);
                default ->
                    graphics.fillPolygon(new int[] {x, x + size / 2, x + size}, new int[] {y + size, y, y + size}, 3);
            }
        }
        graphics.dispose();
        return image;
    }
}
