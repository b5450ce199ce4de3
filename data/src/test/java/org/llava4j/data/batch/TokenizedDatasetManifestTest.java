package org.llava4j.data.batch;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.llava4j.data.JsonInput;

class TokenizedDatasetManifestTest {
    @Test
    void parseReadsCurrentAndFormerKeyOfEncoding() {
        String json = "{\"encoding\":{\"convMode\":\"v1\"},\"data\":\"0a\",\"samples\":0,\"shards\":[]}";
        TokenizedDatasetManifest current = parse(json);
        TokenizedDatasetManifest former = parse(json.replace("\"encoding\"", "\"reading\""));
        assertThat(former.encoding().differences(current.encoding())).isEmpty();
        assertThat(JsonInput.write(former)).contains("\"encoding\"").doesNotContain("\"reading\"");
    }

    private static TokenizedDatasetManifest parse(String json) {
        return JsonInput.parse("shards.json", json.getBytes(StandardCharsets.UTF_8), TokenizedDatasetManifest.class);
    }
}
