package org.llava4j.eval.realsize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.JsonInput;
import org.llava4j.data.cli.CommandFailedException;
import org.llava4j.model.Llava;

class RealSizeMainTest {
    @TempDir
    private Path temp;

    @Test
    void aModelIsMadeInspectedLoadedRunAndRemoved() {
        Path json = temp.resolve("figures.json");
        RealSizeMain.main(new String[] {
            "--size", "small", "--folder", temp.resolve("model").toString(), "--json", json.toString()
        });
        JsonNode figures = JsonInput.readObject(json);
        assertThat(figures.get("bytes_16_bit").longValue())
                .isEqualTo(2 * figures.get("parameters").longValue());
        assertThat(figures.get("finite").booleanValue()).isTrue();
        assertThat(figures.get("spread").doubleValue()).isPositive();
        assertThat(figures.get("peak_load_mb").longValue())
                .isLessThan(figures.get("bound_mb").longValue());
        assertThat(temp.toFile().list()).containsExactly("figures.json");
    }

    @Test
    void theShapesAreThePublishedOnes() {
        assertThat(parameters(RealSize.SEVEN_B)).isEqualTo(6_738_415_616L + 303_179_776 + 4_198_400);
        assertThat(parameters(RealSize.THIRTEEN_B)).isEqualTo(13_015_864_320L + 303_179_776 + 5_248_000);
    }

    private static long parameters(RealSize size) {
        return Llava.weightShapes(size.config()).values().stream()
                .mapToLong(shape -> {
                    long count = 1;
                    for (long axis : shape) {
                        count *= axis;
                    }
                    return count;
                })
                .sum();
    }

    @Test
    void whatIsWrongIsToldBeforeAnythingIsMade() throws IOException {
        assertThatThrownBy(() -> RealSizeMain.main(new String[] {
                    "--size", "8b", "--folder", temp.resolve("model").toString()
                }))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("--size 8b is not known; use 7b, 13b, or small");
        Path others = Files.createDirectory(temp.resolve("others"));
        Files.writeString(others.resolve("x"), "");
        assertThatThrownBy(() -> RealSizeMain.main(new String[] {"--size", "small", "--folder", others.toString()}))
                .isInstanceOf(CommandFailedException.class)
                .hasMessageContaining("holds files that no former run wrote");
    }
}
