package org.llava4j.model.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Kernels in a JVM started without {@code jdk.incubator.vector}. */
class WithoutVectorModuleTest {

    @Test
    @Timeout(120)
    void kernelsFallBackToScalarWithoutModule() throws IOException, InterruptedException {
        String classPath = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx200m",
                        "-Dllava4j.threads=2",
                        "-cp",
                        classPath,
                        Child.class.getName())
                .redirectErrorStream(true)
                .start();
        String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(output.lines()).contains("CPU kernels (scalar), 2 threads: 0.7310586 4.0");
        assertThat(output).as("one warning that names the flag").containsOnlyOnce("--add-modules jdk.incubator.vector");
    }

    /** Main class of the child JVM. */
    static final class Child {
        private Child() {}

        public static void main(String[] args) {
            KernelChoice.choose("cpu");
            Kernels kernels = KernelChoice.choose("cpu");
            INDArray one = Nd4j.createFromArray(1f).reshape(1, 1);
            INDArray two = Nd4j.createFromArray(2f).reshape(1, 1);
            INDArray y = one.like();
            kernels.activations().swiGlu(one, one, y);
            INDArray product = one.like();
            kernels.linear().forward(two, two, null, null, product);
            System.out.println(kernels + ": " + y.getFloat(0) + " " + product.getFloat(0));
        }
    }
}
