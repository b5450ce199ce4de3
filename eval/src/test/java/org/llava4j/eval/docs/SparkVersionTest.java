package org.llava4j.eval.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The packaged jar is tested on the version of Spark that the build compiles against. */
class SparkVersionTest {
    private static final Pattern VERSION = Pattern.compile("<spark\\.version>(.+?)</spark\\.version>");

    private static String version(String pom) {
        Matcher version = VERSION.matcher(
                Checkout.read(Path.of(System.getProperty("llava4j.root")).resolve(pom)));
        assertThat(version.find()).as(pom).isTrue();
        return version.group(1);
    }

    @Test
    void sparkHomeHasVersionOfBuild() {
        assertThat(version("eval/spark/home/pom.xml")).isEqualTo(version("pom.xml"));
    }
}
