package org.llava4j.langchain4j;

import dev.langchain4j.data.image.Image;
import java.net.URI;
import java.nio.file.FileSystemNotFoundException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Objects;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.DecodeOptions;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.LlavaModel;

/**
 * Loads images of messages: base64 data, data URLs and local files. No image is fetched from a network, so that an address in
 * a message cannot reach other servers.
 */
final class ImageContents {
    private static final String BASE64 = ";base64";

    private final LlavaModel model;

    ImageContents(LlavaModel model) {
        this.model = model;
    }

    /**
     * Loads an image.
     *
     * @param name name in messages
     * @throws BadInputException if there is no valid image
     */
    ImageRef load(Image image, String name) {
        if (image.base64Data() != null) {
            return decode(image.base64Data(), name);
        }
        URI url = Objects.requireNonNull(image.url(), "an Image has base64 data or a URL");
        String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
        return switch (scheme) {
            case "data" -> decodeDataUrl(url.getSchemeSpecificPart(), name);
            case "file" -> file(url, name);
            default ->
                throw new BadInputException(name + " is a URL of the scheme '" + scheme
                        + "', and no image is fetched; send its bytes in base64, a data URL or a file URL");
        };
    }

    private ImageRef decodeDataUrl(String rest, String name) {
        int comma = rest.indexOf(',');
        if (comma < 0 || !rest.substring(0, comma).toLowerCase(Locale.ROOT).endsWith(BASE64)) {
            throw new BadInputException(name + " must be like data:image/png;base64,...");
        }
        return decode(rest.substring(comma + 1), name);
    }

    private ImageRef decode(String base64, String name) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            throw new BadInputException(name + " is not valid base64 (" + e.getMessage() + ")", e);
        }
        return model.decodeImage(bytes, name, DecodeOptions.DEFAULT.maxPixels(), () -> {});
    }

    private static ImageRef file(URI url, String name) {
        Path path;
        try {
            // A host would be a share of another computer.
            path = Path.of(URI.create("file:" + (url.getHost() == null ? url.getRawPath() : "")));
        } catch (IllegalArgumentException | FileSystemNotFoundException e) {
            throw new BadInputException(name + " is not the URL of a local file: " + url, e);
        }
        if (!Files.isRegularFile(path)) {
            throw new BadInputException(name + ", " + path + ", is missing or not a file");
        }
        return ImageRef.of(path);
    }
}
