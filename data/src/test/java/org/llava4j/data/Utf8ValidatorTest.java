package org.llava4j.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Utf8ValidatorTest {
    private static boolean isValid(byte[] text) {
        try {
            Utf8Validator.check(text);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isDecoded(byte[] text) {
        try {
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(text));
            return true;
        } catch (CharacterCodingException e) {
            return false;
        }
    }

    /** Bytes near the bounds of the table of RFC 3629. */
    @Test
    void agreesWithStrictDecoder() {
        int[] bytes = {
            0, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xEC, 0xED, 0xEE,
            0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF
        };
        Random random = new Random(3);
        int valid = 0;
        for (int round = 0; round < 200_000; round++) {
            byte[] text = new byte[1 + random.nextInt(5)];
            for (int i = 0; i < text.length; i++) {
                text[i] = (byte) bytes[random.nextInt(bytes.length)];
            }
            boolean isValid = isValid(text);
            if (isValid != isDecoded(text)) {
                fail("%s is valid: %s", HexFormat.of().formatHex(text), isValid);
            }
            valid += isValid ? 1 : 0;
        }
        assertThat(valid).isBetween(5_000, 190_000);
    }

    @Test
    void streamFailsWhereTextDoesInPartsOfAnySize() throws IOException {
        byte[] text = "a\u00e9\u20ac\ud83d\ude00\n".repeat(50).getBytes(StandardCharsets.UTF_8);
        Random random = new Random(5);
        ByteArrayInputStream parts = new ByteArrayInputStream(text) {
            @Override
            public int read(byte[] bytes, int from, int length) {
                return super.read(bytes, from, Math.min(length, 1 + random.nextInt(3)));
            }
        };
        assertThat(Utf8Validator.checking(parts).readAllBytes()).isEqualTo(text);
        byte[] cut = {'"', '\n', (byte) 0xE2, (byte) 0x82};
        assertThatThrownBy(() ->
                        Utf8Validator.checking(new ByteArrayInputStream(cut)).readAllBytes())
                .hasRootCauseInstanceOf(BadInputException.class)
                .hasRootCauseMessage("is not UTF-8 (line 2, byte 4); save it as UTF-8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"c0ae", "e080ae", "eda080", "f08080ae", "f4908080"})
    void overlongFormsAndSurrogatesAreRejectedInJson(String hex) {
        byte[] character = HexFormat.of().parseHex(hex);
        byte[] json = new byte[character.length + 2];
        json[0] = '"';
        json[json.length - 1] = '"';
        System.arraycopy(character, 0, json, 1, character.length);
        assertThatThrownBy(() -> JsonInput.parse("file.json", json))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("file.json: is not UTF-8 (line 1, byte ");
    }
}
