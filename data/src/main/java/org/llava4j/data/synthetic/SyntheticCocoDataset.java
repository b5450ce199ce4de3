package org.llava4j.data.synthetic;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.CaptionedImage;
import org.llava4j.data.records.RecordFiles;

/**
 * A set of drawn pictures in COCO's form: {@code captions.json} with five captions a picture, {@code instances.json} with
 * boxes, and {@code images/}. What instructions are generated from, where nobody has COCO at hand.
 */
public final class SyntheticCocoDataset {
    public static final String CAPTIONS = "captions.json";
    public static final String INSTANCES = "instances.json";
    public static final String IMAGES = "images";

    private static final int CAPTIONS_EACH = 5;

    private SyntheticCocoDataset() {}

    /**
     * Draws shapes and maps in turn.
     *
     * @throws BadInputException if the folder cannot be written
     */
    public static void write(int scenes, long seed, Path output) {
        try (AtomicFolder folder = AtomicFolder.begin(output, "coco-world")) {
            Path images = Files.createDirectories(folder.path().resolve(IMAGES));
            List<CaptionedImage> pictures = new ArrayList<>();
            for (int i = 0; i < scenes; i++) {
                SplittableRandom random = SeededRandom.generator(seed, "coco", i);
                SceneQuestion drawing =
                        i % 2 == 0 ? ShapesScene.count(i / 2, random) : MapScene.generate(i / 2, random);
                Scene scene = drawing.scene().orElseThrow();
                EncodedImage picture = EncodedImage.of(scene, random);
                String name = String.format(Locale.ROOT, "%012d.%s", i + 1, picture.extension());
                Files.write(images.resolve(name), picture.bytes());
                pictures.add(new CaptionedImage(
                        String.valueOf(i + 1),
                        name,
                        picture.sizePx(),
                        picture.sizePx(),
                        IntStream.range(0, CAPTIONS_EACH)
                                .mapToObj(caption -> scene.caption(random))
                                .toList(),
                        picture.boxes()));
            }
            RecordFiles.writeCoco(folder.path().resolve(CAPTIONS), folder.path().resolve(INSTANCES), pictures);
            folder.commit();
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write the drawn set to " + output + ": " + e + "; choose a folder that can be written", e);
        }
    }
}
