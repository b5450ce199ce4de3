package org.llava4j.data.image;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;

/**
 * The settings of CLIP's image preprocessing, as in {@code preprocessor_config.json}; the way of padding comes from
 * the model's own {@code config.json}.
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

    /** Pillow's number for bicubic. */
    private static final int BICUBIC = 3;

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

    /** Whether a folder says how its pictures are prepared. */
    public static boolean isIn(Path folder) {
        return Files.isRegularFile(folder.resolve(FILE_NAME));
    }

    /**
     * Reads {@code preprocessor_config.json}; steps and resampling that older files leave out are CLIP's.
     *
     * @throws BadInputException if it is missing, broken, or asks for something other than CLIP's preprocessing
     */
    public static ClipPreprocessing read(Path folder) {
        Path file = folder.resolve(FILE_NAME);
        JsonNode root = JsonInput.readObject(file);
        if (!root.isObject()) {
            throw new BadInputException(file + " must hold one JSON object { .. }; fetch or write it again");
        }
        try {
            for (String step : List.of("do_resize", "do_center_crop", "do_rescale", "do_normalize", "do_convert_rgb")) {
                JsonNode asked = root.path(step);
                require(asked.isMissingNode() || asked.isNull() || asked.asBoolean(), step, asked, "true");
            }
            int resample = root.path("resample").asInt(BICUBIC);
            require(resample == BICUBIC, "resample", resample, BICUBIC + " (bicubic)");
            return new ClipPreprocessing(
                    pixels(root, "size", "shortest_edge"),
                    pixels(root, "crop_size", "height"),
                    root.path("rescale_factor").asDouble(1 / 255.0),
                    numbers(root, "image_mean"),
                    numbers(root, "image_std"),
                    AspectRatio.SQUARE);
        } catch (BadInputException e) {
            throw new BadInputException(file + ": " + e.getMessage(), e);
        }
    }

    /** The same with another treatment of pictures that are not square. */
    public ClipPreprocessing withAspectRatio(AspectRatio other) {
        return new ClipPreprocessing(shortestEdgePx, cropPx, rescaleFactor, mean, std, other);
    }

    /** Older files give a bare number, newer ones an object of named edges. */
    private static int pixels(JsonNode root, String key, String edge) {
        JsonNode node = root.path(key);
        JsonNode value = node.isObject() ? node.path(edge) : node;
        require(
                value.isIntegralNumber() && value.canConvertToInt(),
                key,
                node,
                "a number or {\"" + edge + "\": number}");
        JsonNode width = node.path("width");
        require(width.isMissingNode() || width.equals(value), key, node, "square");
        return value.intValue();
    }

    private static List<Double> numbers(JsonNode root, String key) {
        List<Double> values = new ArrayList<>();
        JsonNode list = root.path(key);
        require(list.isArray(), key, list, "a list of 3 numbers");
        for (JsonNode value : list) {
            require(value.isNumber(), key, list, "a list of 3 numbers");
            values.add(value.doubleValue());
        }
        return values;
    }

    private static void require(boolean holds, String key, Object value, String what) {
        if (!holds) {
            throw new BadInputException(
                    "\"" + key + "\" is " + (value.toString().isEmpty() ? "missing" : value)
                            + "; CLIP's preprocessing needs it to be " + what);
        }
    }
}
