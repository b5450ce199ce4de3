package org.llava4j.model.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.model.weights.ForwardPassRecorder;
import org.llava4j.testing.Golden;

/** Configs of absurd sizes are rejected before memory is allocated. The time limits only end a test that would hang. */
@Timeout(120)
class SizeLimitsTest {
    @TempDir
    private Path temp;

    /** A copy of a golden model whose config has other values: {@code key=number} pairs separated by {@code ;}. */
    private Path changed(String golden, String changes) throws IOException {
        ObjectNode json = (ObjectNode) JsonInput.readObject(Golden.path(golden).resolve("config.json"));
        for (String change : changes.split(";")) {
            String[] pair = change.split("=");
            String[] path = pair[0].split("\\.");
            ObjectNode at = path.length == 1 ? json : (ObjectNode) json.get(path[0]);
            at.put(path[path.length - 1], Long.parseLong(pair[1]));
        }
        Files.writeString(temp.resolve("config.json"), json.toString());
        Files.copy(Golden.path(golden).resolve("model.safetensors"), temp.resolve("model.safetensors"));
        return temp;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "b_llama  | intermediate_size=2147483647 | \"intermediate_size\" is 2147483647 but at most 1048576",
                "b_llama  | num_hidden_layers=2000000000 | \"num_hidden_layers\" is 2000000000 but at most 256",
                "b_llama  | vocab_size=2147483647        | \"vocab_size\" is 2147483647 but at most",
                "b_llama  | hidden_size=2147483647       | \"hidden_size\" is 2147483647 but at most",
                "b_llama  | hidden_size=9223372036854775807 | \"hidden_size\" must be an integer",
                "b_llama  | num_attention_heads=1073741824 | \"num_attention_heads\" is 1073741824 but at most",
                "b_llama  | hidden_size=65536;num_hidden_layers=256;intermediate_size=1048576 | parameters, more than",
                "a_clip56 | intermediate_size=2147483647 | \"intermediate_size\" is 2147483647 but at most",
                "a_clip56 | num_hidden_layers=2000000000 | \"num_hidden_layers\" is 2000000000 but at most",
                "a_clip56 | image_size=2147483647;patch_size=1 | \"image_size\" is 2147483647 but at most 2048",
                "a_clip56 | image_size=1024;patch_size=1 | \"patch_size\" is 1, which divides an image into 1048576 patches",
                "a_clip56 | hidden_size=65536;num_hidden_layers=256;intermediate_size=1048576 | parameters, more than",
                "c_llava_linear | intermediate_size=2147483647 | \"intermediate_size\" is 2147483647 but at most",
                "c_llava_linear | tokenizer_model_max_length=2147483647 | \"tokenizer_model_max_length\" is 2147483647 but at most",
                "c_llava_linear | tokenizer_model_max_length=-1 | \"tokenizer_model_max_length\" must be above 0"
            })
    void readRejectsAbsurdSizes(String golden, String changes, String message) throws IOException {
        Path folder = changed(golden, changes);
        assertThatThrownBy(() -> ForwardPassRecorder.open(folder, Golden.path("a_clip56")))
                .isInstanceOf(BadInputException.class)
                .hasMessageStartingWith(folder.resolve("config.json") + ": ")
                .hasMessageContaining(message);
    }

    /** The tables alone would take a terabyte, which no test machine has. */
    @Test
    void loadRejectsSizesBeyondWeightsWithoutAllocatingThem() throws IOException {
        Path folder = changed("b_llama", "hidden_size=65536;intermediate_size=1048576;vocab_size=4194304");
        assertThatThrownBy(() -> ForwardPassRecorder.open(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("weights and config do not match")
                .hasMessageContaining("[4194304, 65536]");
    }

    @Test
    void loadRejectsMostLayersInBoundedTime() throws IOException {
        Path folder = changed("b_llama", "num_hidden_layers=256");
        assertThatThrownBy(() -> ForwardPassRecorder.open(folder, null))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("is missing");
    }

    /** The sizes of LLaMA 3.1 405B. */
    @Test
    void readAcceptsLargestPublishedLlama() throws IOException {
        Path folder = changed(
                "b_llama",
                "hidden_size=16384;num_hidden_layers=126;intermediate_size=53248;vocab_size=128256;"
                        + "num_attention_heads=128;num_key_value_heads=8");
        assertThat(LlamaConfig.read(folder).layers()).isEqualTo(126);
    }
}
