package org.llava4j.data.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.FailedDownload;
import org.llava4j.data.image.ImageFormat;

/**
 * Images of one row. An image is bytes, a struct of {@code bytes} and {@code path}, or a text with the path of a file
 * outside the dataset. Bytes are replaced by names of our own: paths in a file are untrusted and often equal.
 */
final class RowImages {
    private final IntFunction<String> names;
    private final List<ParquetImage> images = new ArrayList<>();

    /** @param names the name, without an extension, of the image of an index from 0 */
    RowImages(IntFunction<String> names) {
        this.names = names;
    }

    /** Returns the images that were replaced. */
    List<ParquetImage> images() {
        return images;
    }

    /**
     * Replaces the bytes of an image or of a list of images by names. An image without content is removed.
     *
     * @throws BadInputException if bytes are not an image, or are missing
     */
    void replace(ObjectNode owner, String key) {
        JsonNode value = owner.path(key);
        if (value instanceof ArrayNode list) {
            ArrayNode replaced = JsonNodeFactory.instance.arrayNode();
            for (JsonNode image : list) {
                String name = name(image, key);
                if (name == null) {
                    throw new BadInputException("\"" + key + "\" has an empty element; remove the row");
                }
                replaced.add(name);
            }
            owner.set(key, replaced);
        } else if (!value.isMissingNode()) {
            String name = name(value, key);
            if (name == null) {
                owner.remove(key);
            } else {
                owner.put(key, name);
            }
        }
    }

    private @Nullable String name(JsonNode image, String key) {
        if (image.isTextual()) {
            return image.textValue();
        }
        if (image instanceof BinaryNode bytes) {
            return add(bytes.binaryValue(), key);
        }
        if (image.path("bytes") instanceof BinaryNode bytes) {
            return add(bytes.binaryValue(), key);
        }
        if (image.path("path").isTextual()) {
            throw new BadInputException("\"" + key + "\" has the path " + image.path("path")
                    + " but no bytes; write the dataset with the images inside");
        }
        if (!image.isNull() && !image.isEmpty()) {
            throw new BadInputException("\"" + key + "\" has neither bytes nor a path; write it as an image column");
        }
        return null;
    }

    private String add(byte[] bytes, String key) {
        @Nullable ImageFormat format = ImageFormat.of(bytes);
        if (format == null) {
            FailedDownload.reject("\"" + key + "\"", bytes);
            throw new BadInputException("\"" + key + "\" is not a " + ImageFormat.NAMES + "; remove the row");
        }
        String extension = format == ImageFormat.JPEG ? "jpg" : format.name().toLowerCase(Locale.ROOT);
        String name = names.apply(images.size()) + "." + extension;
        images.add(new ParquetImage(name, bytes));
        return name;
    }
}
