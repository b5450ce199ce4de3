package org.llava4j.data.image;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.llava4j.data.BadInputException;

/**
 * Settings of CLIP's image preprocessing, as in {@code preprocessor_config.json}. The aspect ratio mode can also come
 * from the model's {@code config.json}.
 *
 * @param shortestEdgePx length of the shorter edge after resizing
 * @param cropPx side of the center crop, S
 * @param rescaleFactor factor that bytes are multiplied by
 * @param mean per channel (RGB), subtracted after rescaling
 * @param std standard deviation per channel (RGB), divided by
 * @param aspectRatio treatment of images that are not square
 */
public record ClipPreprocessing(
        int shortestEdgePx,
        int cropPx,
        double rescaleFactor,
        List<Double> mean,
        List<Double> std,
        AspectRatio aspectRatio) {
    /** Name of the Hugging Face file with these settings. */
    public static final String FILE_NAME = "preprocessor_config.json";

    /** Largest input side, which bounds the memory of an image. */
    private static final int MAX_CROP_PX = 2048;

    private static final int MAX_EDGE_PX = 8192;

    private static final List<Double> CLIP_MEAN = List.of(0.48145466, 0.4578275, 0.40821073);
    private static final List<Double> CLIP_STD = List.of(0.26862954, 0.26130258, 0.27577711);

    public ClipPreprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        require(cropPx >= 1 && cropPx <= MAX_CROP_PX, "crop_size", cropPx, "1 to " + MAX_CROP_PX + " pixels");
        require(
                shortestEdgePx >= cropPx && shortestEdgePx <= MAX_EDGE_PX,
                "size.shortest_edge",
                shortestEdgePx,
                "at least crop_size, " + cropPx + ", and at most " + MAX_EDGE_PX);
        require(
                Double.isFinite(rescaleFactor) && rescaleFactor > 0,
                "rescale_factor",
                rescaleFactor,
                "a positive number");
        require(
                mean.size() == 3 && mean.stream().allMatch(m -> m >= 0 && m <= 1),
                "image_mean",
                mean,
                "3 numbers from 0 to 1");
        require(
                std.size() == 3 && std.stream().allMatch(s -> s > 0 && s < 1e6),
                "image_std",
                std,
                "3 positive numbers");
    }

    /** CLIP's default mean and standard deviation, for a tower with {@code sidePx} square input. */
    public static ClipPreprocessing clip(int sidePx) {
        return new ClipPreprocessing(sidePx, sidePx, 1 / 255.0, CLIP_MEAN, CLIP_STD, AspectRatio.SQUARE);
    }

    /** Whether a folder contains image preprocessing settings. */
    public static boolean isIn(Path folder) {
        return PreprocessorConfig.isIn(folder);
    }

    /**
     * Reads {@code preprocessor_config.json}, or the settings that transformers 5 stores in
     * {@code processor_config.json}; where a folder has both, they must agree. Keys that older files omit default to CLIP's
     * values; {@code do_pad} enables padding to a square.
     *
     * @throws BadInputException if the file is missing, invalid, contradicts the other one, or describes preprocessing
     *     other than CLIP's
     */
    public static ClipPreprocessing read(Path folder) {
        return PreprocessorConfig.of(folder).preprocessing();
    }

    /** The settings of a folder in the format of {@code preprocessor_config.json}. */
    public static ObjectNode json(Path folder) {
        return PreprocessorConfig.of(folder).json();
    }

    /**
     * Checks that a folder's settings, if it has any, crop images to the input size of a tower.
     *
     * @param config the tower's {@code config.json}
     * @param imageSizePx its {@code image_size}
     * @throws BadInputException if the two contradict, or as {@link #read}
     */
    public static void requireAgrees(Path folder, Path config, int imageSizePx) {
        if (!isIn(folder)) {
            return;
        }
        PreprocessorConfig file = PreprocessorConfig.of(folder);
        int crop = file.preprocessing().cropPx();
        if (crop != imageSizePx) {
            throw new BadInputException(file.file() + ": \"" + file.prefix() + "crop_size\" is " + crop + " but "
                    + config + " has an image_size of " + imageSizePx + "; use the files that came with the weights");
        }
    }

    /** The values by key of the file, in its order. */
    Map<String, Object> byKey() {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("size", shortestEdgePx);
        values.put("crop_size", cropPx);
        values.put("rescale_factor", rescaleFactor);
        values.put("image_mean", mean);
        values.put("image_std", std);
        values.put("do_pad", aspectRatio == AspectRatio.PAD);
        return values;
    }

    /** These settings with another aspect ratio mode. */
    public ClipPreprocessing withAspectRatio(AspectRatio other) {
        return new ClipPreprocessing(shortestEdgePx, cropPx, rescaleFactor, mean, std, other);
    }

    static void require(boolean holds, String key, Object value, String what) {
        if (!holds) {
            throw new BadInputException("\"" + key + "\" is "
                    + (value.toString().isEmpty() ? "missing" : value) + "; CLIP preprocessing requires " + what);
        }
    }
}
