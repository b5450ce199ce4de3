package org.llava4j.testing;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Rules of all modules. */
public final class ArchitectureRules {
    private static final String MEMORY = "org.llava4j.model.memory";

    /** Each package is a slice, the root packages too. */
    @ArchTest
    static final ArchRule packagesAreFreeOfCycles =
            slices().matching("org.llava4j.(**)").should().beFreeOfCycles();

    @ArchTest
    static final ArchRule nativeMemoryStaysInItsPackage = noClasses()
            .that()
            .resideOutsideOfPackage(MEMORY)
            .should()
            .dependOnClassesThat()
            .resideInAPackage("org.bytedeco..")
            .because("addresses, pointers and pools have one owner, and other code copies by its classes");

    /** Only graph sessions release single arrays. */
    @ArchTest
    static final ArchRule borrowedArraysBelongToScopes = noClasses()
            .that()
            .resideOutsideOfPackages(MEMORY, "org.llava4j.model.samediff")
            .should()
            .callMethod(MEMORY + ".PooledMemory", "release", INDArray.class.getName())
            .because("an ArrayScope knows the pool of an array");

    private ArchitectureRules() {}
}
