package org.llava4j.train.spark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.cli.CommandFailedException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.spark.LoopbackCluster;
import org.llava4j.data.spark.RecordJob;
import org.llava4j.testing.Golden;
import org.llava4j.testing.ModelFolders;
import org.llava4j.train.lint.LintDataMain;
import org.llava4j.train.shards.TokenizeDataMain;

/** Model, data and images on a real HDFS, read by executors: reports and shards match those of one machine. */
@Tag("spark")
class HdfsDataTest {
    private static final List<String> MODELS = List.of("model", "model5");

    @TempDir
    private Path temp;

    private FileSystem hdfs;
    private String home;

    private void put(Path local, String name) throws Exception {
        hdfs.copyFromLocalFile(new org.apache.hadoop.fs.Path(local.toUri()), new org.apache.hadoop.fs.Path(home, name));
    }

    private Path fetch(String name) throws Exception {
        Path local = temp.resolve("fetch-" + name);
        hdfs.copyToLocalFile(new org.apache.hadoop.fs.Path(home, name), new org.apache.hadoop.fs.Path(local.toUri()));
        return local;
    }

    private static String[] flags(String base, String model, String images, String output, String... more) {
        List<String> flags = new ArrayList<>(List.of(
                "--model-path",
                base + "/" + model,
                "--vision-tower",
                base + "/tower",
                "--data-path",
                base + "/data.json",
                "--image-folder",
                images,
                "--output-dir",
                output));
        flags.addAll(List.of(more));
        return flags.toArray(String[]::new);
    }

    @Test
    void lintAndShardsMatchLocalRun() throws Exception {
        ModelFolders.llama(temp.resolve("model"));
        // With tokenizer.json alone.
        Files.createSymbolicLink(
                temp.resolve("model5"), Golden.path("j_transformers5/llama").toAbsolutePath());
        Files.createSymbolicLink(temp.resolve("tower"), ModelFolders.TOWER.toAbsolutePath());
        String sound = Files.readString(Golden.path("f_e2e/finetune.json")).strip();
        // Many samples with duplicates, one without its image.
        StringBuilder many = new StringBuilder(sound.substring(0, sound.length() - 1));
        for (int i = 0; i < 300; i++) {
            many.append(',').append(sound, 1, sound.length() - 1);
        }
        Path data = Files.writeString(
                temp.resolve("data.json"), many.append(']').toString().replaceFirst("\\.(jpg|png)", ".gone"));
        Path images = ModelFolders.IMAGES.toAbsolutePath();
        String here = temp.toString();
        String[] local = flags(here, "model", images.toString(), here + "/lint");
        assertThatThrownBy(() -> LintDataMain.main(local)).isInstanceOf(CommandFailedException.class);
        for (String model : MODELS) {
            TokenizeDataMain.main(
                    flags(here, model, images.toString(), here + "/shards-" + model, "--samples-per-shard", "500"));
        }

        System.setProperty("test.build.data", temp.resolve("hdfs").toString());
        try (MiniDFSCluster files = new MiniDFSCluster.Builder(new Configuration())
                        .numDataNodes(1)
                        .build();
                LoopbackCluster cluster = new LoopbackCluster(Files.createDirectory(temp.resolve("cluster")), 2);
                JavaSparkContext spark = new JavaSparkContext(cluster.conf("data"))) {
            hdfs = files.getFileSystem();
            home = hdfs.getUri() + "/llava";
            put(temp.resolve("model"), "model");
            put(Golden.path("j_transformers5/llama"), "model5");
            put(ModelFolders.TOWER, "tower");
            put(data, "data.json");
            put(images, "images");
            String[] lint = flags(home, "model", home + "/images", home + "/lint");
            assertThatThrownBy(() -> RecordJob.run(spark, LintDataMain::new, lint))
                    .isInstanceOf(CommandFailedException.class);
            JsonNode found = JsonInput.readObject(fetch("lint").resolve("lint.json"));
            assertThat(found.get("samples").intValue()).isEqualTo(301 * 8);
            assertThat(found.at("/rules/unreadable-image/count").intValue()).isEqualTo(1);
            // Identical except for paths.
            assertThat(relocated(fetch("lint").resolve("lint.json"), home))
                    .isEqualTo(relocated(temp.resolve("lint/lint.json"), here));

            for (String model : MODELS) {
                String name = "shards-" + model;
                RecordJob.run(
                        spark,
                        TokenizeDataMain::new,
                        flags(home, model, home + "/images", home + "/" + name, "--samples-per-shard", "500"));
                Path there = fetch(name);
                JsonNode shards = JsonInput.readObject(temp.resolve(name).resolve("shards.json"));
                for (JsonNode shard : shards.get("shards")) {
                    String file = shard.get("file").asText();
                    assertThat(relocated(there.resolve(file), home))
                            .as(name + " " + file)
                            .isEqualTo(relocated(temp.resolve(name).resolve(file), here));
                }
            }
        }
    }

    private static String relocated(Path file, String base) throws IOException {
        return Files.readString(file)
                .replace(base + "/images", "images")
                .replace(ModelFolders.IMAGES.toAbsolutePath().toString(), "images")
                .replace(base + "/", "");
    }
}
