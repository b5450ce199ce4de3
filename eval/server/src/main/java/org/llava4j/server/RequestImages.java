package org.llava4j.server;

import java.util.Locale;
import java.util.concurrent.Semaphore;
import org.llava4j.data.BadInputException;
import org.llava4j.data.image.ImageRef;
import org.llava4j.model.LlavaModel;

/**
 * Images of requests: decodes data URLs, and fetches remote images if the server allows them. Limits the number of
 * concurrent decodes, because each may need memory for all pixels, and keeps only the preprocessed image.
 */
final class RequestImages implements ChatRequest.ImageSource {
    private static final int MAX_CONCURRENT_DECODES = 2;
    private static final String BASE64 = ";base64";

    private final LlavaModel model;
    private final ServerOptions options;
    private final RemoteImages remote;
    private final Semaphore decoding = new Semaphore(MAX_CONCURRENT_DECODES);

    RequestImages(LlavaModel model, ServerOptions options, RemoteImages remote) {
        this.model = model;
        this.options = options;
        this.remote = remote;
    }

    @Override
    public ImageRef load(String url, String parameter) {
        String scheme = url.substring(0, Math.max(0, url.indexOf(':'))).toLowerCase(Locale.ROOT);
        byte[] bytes = switch (scheme) {
            case "data" -> decodeDataUrl(url, parameter);
            case "http", "https" -> remote.fetch(url, parameter);
            default ->
                throw ApiException.badRequest(
                        parameter, "'" + parameter + "' must be a data URL with a PNG or JPEG in base64");
        };
        decoding.acquireUninterruptibly();
        try {
            return model.decodeImage(bytes, "'" + parameter + "'", options.maxPixels());
        } catch (BadInputException e) {
            throw ApiException.badRequest(parameter, e.getMessage());
        } finally {
            decoding.release();
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
