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
 * Synthetic dataset in COCO's format: {@code captions.json} with five captions per image, {@code instances.json} with
 * bounding boxes, and {@code images/}. Instructions can be generated from it without a download of COCO.
 */
public final class SyntheticCocoDataset {
    /** Name of the captions file. */
    public static final String CAPTIONS = "captions.json";
    /** Name of the instances file. */
    public static final String INSTANCES = "instances.json";
    /** Name of the image folder. */
    public static final String IMAGES = "images";

    private static final int CAPTIONS_EACH = 5;

    private SyntheticCocoDataset() {}

    /**
     * Renders shapes and maps alternately.
     *
     * @throws BadInputException if the folder cannot be written
     */
    public static void write(int scenes, long seed, Path output) {
        try (AtomicFolder folder = AtomicFolder.begin(output, "coco-world")) {
            Path images = Files.createDirectories(folder.path().resolve(IMAGES));
            List<CaptionedImage> captioned = new ArrayList<>();
            for (int i = 0; i < scenes; i++) {
                SplittableRandom random = SeededRandom.generator(seed, "coco", i);
                SceneQuestion question =
                        i % 2 == 0 ? ShapesScene.count(i / 2, random) : MapScene.generate(i / 2, random);
                Scene scene = question.requireScene();
                EncodedImage image = EncodedImage.of(scene, random);
                String name = String.format(Locale.ROOT, "%012d.%s", i + 1, image.extension());
                Files.write(images.resolve(name), image.bytes());
                captioned.add(new CaptionedImage(
                        String.valueOf(i + 1),
                        name,
                        image.sizePx(),
                        image.sizePx(),
                        IntStream.range(0, CAPTIONS_EACH)
                                .mapToObj(caption -> scene.caption(random))
                                .toList(),
                        image.boxes()));
            }
            RecordFiles.writeCoco(folder.path().resolve(CAPTIONS), folder.path().resolve(INSTANCES), captioned);
            folder.commit();
        } catch (IOException e) {
            throw new BadInputException(
                    "cannot write the synthetic dataset to " + output + ": " + e
                            + "; choose a folder that can be written",
                    e);
        }
    }
}
