package org.llava4j.data.image;

import static org.llava4j.data.config.ConfigKeys.OFF;
import static org.llava4j.data.config.ConfigKeys.ON;
import static org.llava4j.data.config.ConfigKeys.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.config.ConfigKeys;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.data.gguf.GgufHeader;
import org.llava4j.data.gguf.GgufMetadata;

/**
 * JSON of the image preprocessing settings: {@code preprocessor_config.json}, or the object {@code image_processor} of
 * transformers 5's {@code processor_config.json}, which takes precedence; or those keys of a GGUF file.
 *
 * @param file the JSON or GGUF file
 * @param prefix path of the object inside the file, ending with a dot; empty for the root object
 * @param json the settings
 * @param unknownBeside unknown keys of the file outside of that object
 */
record PreprocessorConfig(Path file, String prefix, ObjectNode json, Set<String> unknownBeside) {

    /** Pillow's constant for bicubic resampling. */
    private static final int BICUBIC = 3;

    private static final String PADDING = "LlavaImageProcessor";
    private static final String[] PROCESSORS = {
        "CLIPImageProcessor",
        "CLIPImageProcessorFast",
        "CLIPImageProcessorPil",
        "CLIPFeatureExtractor",
        PADDING,
        PADDING + "Fast",
        PADDING + "Pil"
    };
    private static final String OTHER =
            "CLIP preprocessing does not support it; use a model that was trained with CLIP preprocessing";

    private static final String GGUF_PREFIX = "clip.vision.";
    private static final String MEAN = "image_mean";
    private static final String STD = "image_std";

    private static final ConfigKeys KEYS = ConfigKeys.builder()
            .read("size", "crop_size", "rescale_factor", MEAN, STD, "do_pad")
            .only(ON, "CLIP preprocessing requires true", "do_resize", "do_center_crop", "do_rescale")
            .only(ON, "CLIP preprocessing requires true", "do_normalize", "do_convert_rgb")
            .only(
                    value -> value.isIntegralNumber() && value.intValue() == BICUBIC,
                    "images are resized with " + BICUBIC + " (bicubic) only",
                    "resample")
            .only(text(PROCESSORS), OTHER, "image_processor_type", "feature_extractor_type")
            .only(OFF, OTHER, "image_grid_pinpoints", "do_flip_channel_order", "do_affine_resize", "do_thumbnail")
            .only(OFF, OTHER, "do_align_long_axis", "offset", "do_reduce_labels", "crop_pct", "pad_size")
            .only(OFF, OTHER, "default_to_square")
            .only(text("channels_first"), OTHER, "data_format")
            .ignored("processor_class", "_processor_class", "return_tensors", "input_data_format", "device")
            .ignored("disable_grouping", "_valid_processor_keys", "image_seq_length", "size_divisor")
            .build();

    /** Whether a folder contains image preprocessing settings. */
    static boolean isIn(Path folder) {
        if (GgufHeader.isGguf(folder)) {
            return GgufHeader.read(folder).metadata().has(GGUF_PREFIX + MEAN);
        }
        return Files.isRegularFile(folder.resolve(ClipPreprocessing.FILE_NAME)) || nestedIn(folder) != null;
    }

    /**
     * The settings of a folder.
     *
     * @throws BadInputException if it has none, or two files contradict
     */
    static PreprocessorConfig of(Path folder) {
        if (GgufHeader.isGguf(folder)) {
            return ofGguf(folder);
        }
        PreprocessorConfig nested = nestedIn(folder);
        Path file = folder.resolve(ClipPreprocessing.FILE_NAME);
        if (nested == null) {
            return whole(file);
        }
        if (Files.isRegularFile(file)) {
            nested.requireSame(whole(file));
        }
        return nested;
    }

    /** The settings in the metadata of a GGUF file, whose images are square. */
    private static PreprocessorConfig ofGguf(Path file) {
        GgufMetadata metadata = GgufHeader.read(file).metadata();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        int side = metadata.integer(GGUF_PREFIX + "image_size");
        json.putObject("size").put("shortest_edge", side);
        json.put("crop_size", side);
        for (String key : List.of(MEAN, STD)) {
            ArrayNode values = json.putArray(key);
            // The values are float32; their shortest decimals are those that the model was trained with.
            metadata.decimals(GGUF_PREFIX + key)
                    .forEach(value -> values.add(Double.parseDouble(Float.toString(value.floatValue()))));
        }
        return new PreprocessorConfig(file, GGUF_PREFIX, json, Set.of());
    }

    private static @Nullable PreprocessorConfig nestedIn(Path folder) {
        ProcessorConfig processor = ProcessorConfig.find(folder);
        ObjectNode nested = processor == null ? null : processor.imageProcessor();
        return processor == null || nested == null
                ? null
                : new PreprocessorConfig(
                        processor.file(), ProcessorConfig.IMAGE_PROCESSOR + ".", nested, processor.unknownKeys());
    }

    private static PreprocessorConfig whole(Path file) {
        return new PreprocessorConfig(file, "", (ObjectNode) JsonInput.readBoundedObject(file), Set.of());
    }

    private void requireSame(PreprocessorConfig other) {
        Map<String, Object> values = preprocessing().byKey();
        other.preprocessing().byKey().forEach((key, value) -> {
            if (!value.equals(values.get(key))) {
                throw new BadInputException(file + ": \"" + prefix + key + "\" is " + values.get(key) + " but "
                        + other.file + " has " + value + "; remove the file that does not belong to this model");
            }
        });
    }

    /**
     * Converts the settings.
     *
     * @throws BadInputException if they describe preprocessing other than CLIP's
     */
    ClipPreprocessing preprocessing() {
        Set<String> unknown = KEYS.check(file.toString(), prefix, json);
        unknown.addAll(unknownBeside);
        ConfigWarnings.unknownKeys(file, unknown);
        try {
            return new ClipPreprocessing(
                    pixels("size", List.of("shortest_edge")),
                    pixels("crop_size", List.of("height", "width")),
                    rescaleFactor(),
                    numbers("image_mean"),
                    numbers("image_std"),
                    aspectRatio());
        } catch (BadInputException e) {
            throw new BadInputException(file + ": " + e.getMessage(), e);
        }
    }

    /** Only LLaVA's own image processor pads; CLIP's ignores the key. */
    private AspectRatio aspectRatio() {
        JsonNode pads = json.path("do_pad");
        if (OFF.test(pads) || pads.isMissingNode()) {
            return AspectRatio.SQUARE;
        }
        ClipPreprocessing.require(pads.isBoolean(), "do_pad", pads, "true or false");
        String type = json.path("image_processor_type").asText(PADDING);
        ClipPreprocessing.require(
                type.startsWith(PADDING), "image_processor_type", type, PADDING + " where \"do_pad\" is true");
        return AspectRatio.PAD;
    }

    private double rescaleFactor() {
        if (!json.hasNonNull("rescale_factor")) {
            return 1 / 255.0;
        }
        JsonNode factor = json.get("rescale_factor");
        ClipPreprocessing.require(factor.isNumber(), "rescale_factor", factor, "a number");
        return factor.doubleValue();
    }

    /** Older files contain a single number, newer ones an object with edge lengths. */
    private int pixels(String key, List<String> edges) {
        JsonNode node = json.path(key);
        String what = "a number or " + String.join(" and ", edges);
        if (node.isObject()) {
            node.fieldNames()
                    .forEachRemaining(edge -> ClipPreprocessing.require(
                            edges.contains(edge) || node.get(edge).isNull(), key, node, what));
        }
        JsonNode value = node.isObject() ? node.path(edges.get(0)) : node;
        ClipPreprocessing.require(value.isIntegralNumber() && value.canConvertToInt(), key, node, what);
        for (String edge : edges) {
            JsonNode other = node.path(edge);
            ClipPreprocessing.require(other.isMissingNode() || other.equals(value), key, node, "square");
        }
        return value.intValue();
    }

    private List<Double> numbers(String key) {
        List<Double> values = new ArrayList<>();
        JsonNode list = json.path(key);
        ClipPreprocessing.require(list.isArray(), key, list, "a list of 3 numbers");
        for (JsonNode value : list) {
            ClipPreprocessing.require(value.isNumber(), key, list, "a list of 3 numbers");
            values.add(value.doubleValue());
        }
        return values;
    }
}
