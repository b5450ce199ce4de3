package org.llava4j.data.parquet;

import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Path;
import java.util.Objects;

/** Files of this module's tests that pyarrow and the datasets library wrote. */
final class Fixtures {
    private Fixtures() {}

    static Path of(String name) {
        URL resource = Objects.requireNonNull(Fixtures.class.getResource(name), name);
        try {
            return Path.of(resource.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalArgumentException(e);
        }
    }
}
