package org.llava4j.model.kernels;

import org.llava4j.data.BadInputException;
import org.nd4j.linalg.api.ops.executioner.OpExecutioner.ExecutionerType;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Selects the {@link Kernels} of this JVM by the system property {@code llava4j.kernels}: {@code cpu} or {@code nd4j}.
 * The default are {@link CpuKernels} with ND4J's CPU backend, and the reference kernels with any other backend.
 */
public final class KernelChoice {
    private static final String PROPERTY = "llava4j.kernels";

    private KernelChoice() {}

    /** Lazy holder: the kernels are chosen at first use, so that a main method can still set the property. */
    private static final class Holder {
        static final Kernels KERNELS = choose(System.getProperty(PROPERTY));
    }

    /** Returns the kernels of this JVM, the same at every call. */
    public static Kernels kernels() {
        return Holder.KERNELS;
    }

    /** Describes the kernels and their number of threads, both of which affect rounding. */
    public static String description() {
        return kernels().name();
    }

    static Kernels choose(String name) {
        boolean onCpu = Nd4j.getExecutioner().type() == ExecutionerType.NATIVE_CPU;
        String chosen = name == null ? (onCpu ? "cpu" : "nd4j") : name;
        Kernels reference = Nd4jKernels.create();
        return switch (chosen) {
            case "nd4j" -> reference;
            case "cpu" -> {
                if (!onCpu) {
                    throw new BadInputException(
                            "-D" + PROPERTY + "=cpu needs ND4J's CPU backend; omit it or set it to nd4j");
                }
                yield CpuKernels.create(reference);
            }
            default ->
                throw new BadInputException(
                        "-D" + PROPERTY + "=" + chosen + " is unknown; set it to cpu or nd4j, or omit it");
        };
    }
}
