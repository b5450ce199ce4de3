package org.llava4j.data.image;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.llava4j.data.BadInputException;
import org.llava4j.testing.FuzzOracle;
import org.llava4j.testing.FuzzSeeds;
import org.llava4j.testing.Golden;

/** Fuzz target: the decoders of all image formats. */
class ImageFuzzTargetTest {
    /** Small enough for thousands of images a minute. */
    private static final long MAX_PIXELS = 100_000;

    private static final FuzzOracle ORACLE = new FuzzOracle(BadInputException.class, "fuzz-image", 100);

    static Stream<Arguments> seeds() {
        return FuzzSeeds.files(ImageFormatsTest.images().stream()
                .map(name -> Golden.path("k_images").resolve(name))
                .toArray(Path[]::new));
    }

    @MethodSource("seeds")
    @FuzzTest
    void decode(byte[] bytes) throws Exception {
        DecodeOptions options = new DecodeOptions(MAX_PIXELS, ExifOrientation.APPLY, () -> {});
        ORACLE.accepts(() -> ImageFiles.decode(bytes, "fuzz-image", options));
    }
}
