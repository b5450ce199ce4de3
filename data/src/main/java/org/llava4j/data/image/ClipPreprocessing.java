package org.llava4j.data.image;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.BadInputException;

/**
 * The settings of CLIP's image preprocessing, as in {@code preprocessor_config.json}; the way of padding also comes
 * from the model's own {@code config.json}.
 *
 * @param shortestEdgePx the shorter edge after resizing
 * @param cropPx side of the centre crop, S
 * @param rescaleFactor what a byte is multiplied by
 * @param mean of red, green, blue, subtracted after rescaling
 * @param std of red, green, blue, divided by
 */
public record ClipPreprocessing(
        int shortestEdgePx,
        int cropPx,
        double rescaleFactor,
        List<Double> mean,
        List<Double> std,
        AspectRatio aspectRatio) {
    public static final String FILE_NAME = "preprocessor_config.json";

    private static final List<Double> CLIP_MEAN = List.of(0.48145466, 0.4578275, 0.40821073);
    private static final List<Double> CLIP_STD = List.of(0.26862954, 0.26130258, 0.27577711);

    public ClipPreprocessing {
        mean = List.copyOf(mean);
        std = List.copyOf(std);
        require(cropPx >= 1, "crop_size", cropPx, "a positive number of pixels");
        require(shortestEdgePx >= cropPx, "size.shortest_edge", shortestEdgePx, "at least crop_size, " + cropPx);
        require(Double.isFinite(rescaleFactor) && rescaleFactor > 0, "rescale_factor", rescaleFactor, "positive");
        require(mean.size() == 3 && mean.stream().allMatch(m -> m >= 0 && m <= 1), "image_mean", mean, "3 of 0..1");
        require(
                std.size() == 3 && std.stream().allMatch(s -> s > 0 && s < 1e6),
                "image_std",
                std,
                "3 positive numbers");
    }

    /** CLIP's own mean and deviation, for a tower whose input is {@code sidePx} square. */
    public static ClipPreprocessing clip(int sidePx) {
        return new ClipPreprocessing(sidePx, sidePx, 1 / 255.0, CLIP_MEAN, CLIP_STD, AspectRatio.SQUARE);
    }

    /** Whether a folder says how its images are prepared. */
    public static boolean isIn(Path folder) {
        return PreprocessorConfig.isIn(folder);
    }

    /**
     * Reads {@code preprocessor_config.json}, or the settings that transformers 5 keeps in {@code processor_config.json}.
     * Steps and resampling that older files leave out are CLIP's; {@code do_pad} pads to a square.
     *
     * @throws BadInputException if it is missing, broken, or asks for something other than CLIP's preprocessing
     */
    public static ClipPreprocessing read(Path folder) {
        return PreprocessorConfig.of(folder).preprocessing();
    }

    /** The settings of a folder as the JSON of a {@code preprocessor_config.json}. */
    public static ObjectNode json(Path folder) {
        return PreprocessorConfig.of(folder).json();
    }

    /** The same with another treatment of pictures that are not square. */
    public ClipPreprocessing withAspectRatio(AspectRatio other) {
        return new ClipPreprocessing(shortestEdgePx, cropPx, rescaleFactor, mean, std, other);
    }

    static void require(boolean holds, String key, Object value, String what) {
        if (!holds) {
            throw new BadInputException(
                    "\"" + key + "\" is " + (value.toString().isEmpty() ? "missing" : value)
                            + "; CLIP's preprocessing needs it to be " + what);
        }
    }
}
