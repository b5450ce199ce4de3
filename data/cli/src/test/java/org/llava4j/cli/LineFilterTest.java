package org.llava4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LineFilterTest {

    @ParameterizedTest
    @CsvSource({
        "'drop\n', ''",
        "'a\ndrop\nb\n', 'a\nb\n'",
        "'drop\ndrop\n', ''",
        "'a drop\n', 'a drop\n'",
        "'drop it\n', 'drop it\n'",
        "'dr', 'dr'",
        "'\rstep 1\rstep 2', '\rstep 1\rstep 2'",
        "'dr\ndrop\n', 'dr\n'"
    })
    void copyDropsOnlyTheWholeLine(String text, String expected) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new LineFilter("drop").copy(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), out);
        assertThat(out.toString(StandardCharsets.UTF_8)).isEqualTo(expected);
    }
}
