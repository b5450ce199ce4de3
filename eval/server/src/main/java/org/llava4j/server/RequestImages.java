package org.llava4j.server;

import java.util.Locale;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.DecodeCancelledException;
import org.llava4j.data.image.ImageFiles;
import org.llava4j.data.image.ImageFormat;
import org.llava4j.data.image.ImageHeader;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.chat.LlavaModel;

/**
 * Images of requests: decodes data URLs, and fetches remote images if the server allows them. Keeps
 * only the preprocessed image.
 */
final class RequestImages {
    private static final String BASE64 = ";base64";

    private final LlavaModel model;
    private final ServerOptions options;
    private final RemoteImages remote;
    private final RequestMemoryBudget memory;
    private final DecodeSlots slots = new DecodeSlots();

    RequestImages(LlavaModel model, ServerOptions options, RemoteImages remote, RequestMemoryBudget memory) {
        this.memory = memory;
        this.model = model;
        this.options = options;
        this.remote = remote;
    }

    /** The images of one request, which are decoded within its time and while its client is connected. */
    ImageSource of(RequestWatch watch) {
        return (url, parameter) -> load(url, parameter, watch);
    }

    private ImageRef load(String url, String parameter, RequestWatch watch) {
        try (RequestMemoryBudget.Reservation download = memory.reserve(watch.client())) {
            return load(url, parameter, watch, download);
        }
    }

    private ImageRef load(String url, String parameter, RequestWatch watch, RequestMemoryBudget.Reservation download) {
        String scheme = url.substring(0, Math.max(0, url.indexOf(':'))).toLowerCase(Locale.ROOT);
        byte[] bytes = switch (scheme) {
            case "data" -> decodeDataUrl(url, parameter);
            case "http", "https" -> remote.fetch(url, parameter, download, watch::check);
            default ->
                throw ApiException.badRequest(
                        parameter, "'" + parameter + "' must be a data URL with a " + ImageFormat.NAMES + " in base64");
        };
        String name = "'" + parameter + "'";
        try {
            ImageHeader header = ImageFiles.header(bytes, name);
            header.requireAtMost(options.maxPixels(), name);
            return slots.run(
                    watch.client(),
                    header.work(),
                    watch::check,
                    () -> model.decodeImage(bytes, name, options.maxPixels(), () -> cancelIfOver(watch)));
        } catch (DecodeCancelledException e) {
            throw e.getCause() instanceof RuntimeException reason ? reason : e;
        } catch (BadInputException e) {
            throw ApiException.badRequest(parameter, e.getMessage());
        }
    }

    private static void cancelIfOver(RequestWatch watch) {
        RuntimeException failure = watch.failure();
        if (failure != null) {
            throw new DecodeCancelledException(failure);
        }
    }

    private static byte[] decodeDataUrl(String url, String parameter) {
        int comma = url.indexOf(',');
        if (comma < 0 || !url.substring(0, comma).toLowerCase(Locale.ROOT).endsWith(BASE64)) {
            throw ApiException.badRequest(parameter, "'" + parameter + "' must be like data:image/png;base64,...");
        }
        try {
            return Base64Text.decode(url.substring(comma + 1));
        } catch (IllegalArgumentException e) {
            throw ApiException.badRequest(parameter, "'" + parameter + "' " + e.getMessage());
        }
    }
}
