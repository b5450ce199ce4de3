package org.llava4j.server;

import org.llava4j.data.image.ImageRef;

/** Loads the images behind the URLs of a request. */
@FunctionalInterface
interface ImageSource {
    /**
     * Loads an image.
     *
     * @param parameter path of the field, for messages
     * @throws ApiException 400 if there is no valid image
     */
    ImageRef load(String url, String parameter);
}
