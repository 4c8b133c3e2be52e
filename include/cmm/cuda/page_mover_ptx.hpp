#pragma once

// Written by tools/ptx/write.py with nvcc 13.0 from tools/ptx/page_mover.cu, 4382339f557314f6.

namespace cmm::cuda::ptx {

/// Threads load and store; any GPU of compute capability 8.0 or newer.
inline constexpr const char* page_mover_by_registers = R"(
.version 9.0
.target sm_80
.address_size 64
.visible .entry cmm_move_pages_by_registers( .param .align 8 .b8 cmm_move_pages_by_registers_param_0[48] )
.maxntid 512, 1, 1 .minnctapersm 1 { .reg .pred %p<88>; .reg .b16 %rs<3>; .reg .b32 %r<1059>; .reg .b64
%rd<242>; .shared .align 4 .b8 _ZZ27cmm_move_pages_by_registersE4room[4096]; ld.param.v2.u32 {%r441, %r442},
[cmm_move_pages_by_registers_param_0+16]; ld.param.v2.u32 {%r443, %r444},
[cmm_move_pages_by_registers_param_0+24]; ld.param.u32 %r5, [cmm_move_pages_by_registers_param_0+32];
ld.param.u64 %rd1, [cmm_move_pages_by_registers_param_0]; ld.param.u64 %rd64,
[cmm_move_pages_by_registers_param_0+8]; cvta.to.global.u64 %rd2, %rd64; mov.u32 %r445, %tid.x; shl.b32
%r446, %r445, 4; and.b32 %r447, %r446, 496; cvt.u64.u32 %rd3, %r447; or.b32 %r448, %r447, 512; cvt.u64.u32
%rd4, %r448; or.b32 %r449, %r447, 1024; cvt.u64.u32 %rd5, %r449; or.b32 %r450, %r447, 1536; cvt.u64.u32
%rd6, %r450; or.b32 %r451, %r447, 2048; cvt.u64.u32 %rd7, %r451; or.b32 %r452, %r447, 2560; cvt.u64.u32
%rd8, %r452; or.b32 %r453, %r447, 3072; cvt.u64.u32 %rd9, %r453; or.b32 %r454, %r447, 3584; cvt.u64.u32
%rd10, %r454; mov.u32 %r784, 0; $L__BB0_1: ld.param.u32 %r785, [cmm_move_pages_by_registers_param_0+16];
mov.u32 %r455, %ctaid.x; add.s32 %r456, %r784, %r455; mul.wide.u32 %rd65, %r456, -1431655765; shr.u64 %rd66,
%rd65, 33; cvt.u32.u64 %r457, %rd66; mul.lo.s32 %r458, %r457, 3; sub.s32 %r8, %r456, %r458; cvt.u16.u32
%rs1, %r8; and.b16 %rs2, %rs1, 255; setp.eq.s16 %p2, %rs2, 0; @%p2 bra $L__BB0_4; setp.ne.s16 %p3, %rs1, 1;
mov.u32 %r785, %r442; @%p3 bra $L__BB0_3; bra.uni $L__BB0_4; $L__BB0_3: mov.u32 %r785, %r443; $L__BB0_4:
mul.wide.u32 %rd11, %r5, %r785; cvt.u64.u32 %rd67, %r455; mul.lo.s64 %rd12, %rd11, %rd67; and.b64 %rd68,
%rd12, -4294967296; setp.eq.s64 %p4, %rd68, 0; @%p4 bra $L__BB0_6; mov.u32 %r460, %nctaid.x; cvt.u64.u32
%rd69, %r460; div.u64 %rd233, %rd12, %rd69; bra.uni $L__BB0_7; $L__BB0_6: mov.u32 %r461, %nctaid.x;
cvt.u32.u64 %r462, %rd12; div.u32 %r463, %r462, %r461; cvt.u64.u32 %rd233, %r463; $L__BB0_7: add.s32 %r465,
%r455, 1; cvt.u64.u32 %rd70, %r465; mul.lo.s64 %rd16, %rd11, %rd70; and.b64 %rd71, %rd16, -4294967296;
setp.eq.s64 %p5, %rd71, 0; @%p5 bra $L__BB0_9; mov.u32 %r466, %nctaid.x; cvt.u64.u32 %rd72, %r466; div.u64
%rd234, %rd16, %rd72; bra.uni $L__BB0_10; $L__BB0_9: mov.u32 %r467, %nctaid.x; cvt.u32.u64 %r468, %rd16;
div.u32 %r469, %r468, %r467; cvt.u64.u32 %rd234, %r469; $L__BB0_10: setp.ge.u64 %p6, %rd233, %rd234; @%p6
bra $L__BB0_134; add.s64 %rd20, %rd234, -1; and.b64 %rd73, %rd20, -4294967296; setp.eq.s64 %p7, %rd73, 0;
@%p7 bra $L__BB0_13; cvt.u64.u32 %rd74, %r5; div.u64 %rd235, %rd20, %rd74; bra.uni $L__BB0_14; $L__BB0_13:
cvt.u32.u64 %r470, %rd20; div.u32 %r471, %r470, %r5; cvt.u64.u32 %rd235, %r471; $L__BB0_14: and.b64 %rd75,
%rd233, -4294967296; setp.eq.s64 %p8, %rd75, 0; @%p8 bra $L__BB0_16; cvt.u64.u32 %rd76, %r5; div.u64 %rd237,
%rd233, %rd76; bra.uni $L__BB0_17; $L__BB0_16: cvt.u32.u64 %r472, %rd233; div.u32 %r473, %r472, %r5;
cvt.u64.u32 %rd237, %r473; $L__BB0_17: cvt.u64.u32 %rd77, %r445; add.s64 %rd27, %rd237, %rd77; setp.gt.u64
%p9, %rd27, %rd235; mov.u32 %r790, 0; mov.u32 %r791, %r790; @%p9 bra $L__BB0_19; setp.eq.s32 %p10, %r8, 0;
setp.eq.s32 %p11, %r8, 1; selp.b32 %r477, 0, %r442, %p11; add.s32 %r478, %r441, %r477; selp.b32 %r479, 0,
%r478, %p10; cvt.u64.u32 %rd78, %r479; add.s64 %rd79, %rd27, %rd78; cvta.to.global.u64 %rd80, %rd1; shl.b64
%rd81, %rd79, 3; add.s64 %rd82, %rd80, %rd81; ld.global.u32 %r791, [%rd82+4]; ld.global.u32 %r790, [%rd82];
$L__BB0_19: setp.gt.u64 %p12, %rd237, %rd235; @%p12 bra $L__BB0_134; $L__BB0_20: cvt.u64.u32 %rd196, %r445;
bar.sync 0; shl.b32 %r481, %r445, 3; mov.u32 %r482, _ZZ27cmm_move_pages_by_registersE4room; add.s32 %r483,
%r482, %r481; st.shared.u32 [%r483], %r790; st.shared.u32 [%r483+4], %r791; bar.sync 0; add.s64 %rd84,
%rd237, %rd196; add.s64 %rd29, %rd84, 512; setp.gt.u64 %p13, %rd29, %rd235; @%p13 bra $L__BB0_22;
setp.eq.s32 %p14, %r8, 0; setp.eq.s32 %p15, %r8, 1; selp.b32 %r484, 0, %r442, %p15; add.s32 %r485, %r441,
%r484; selp.b32 %r486, 0, %r485, %p14; cvt.u64.u32 %rd85, %r486; add.s64 %rd86, %rd29, %rd85;
cvta.to.global.u64 %rd87, %rd1; shl.b64 %rd88, %rd86, 3; add.s64 %rd89, %rd87, %rd88; ld.global.u32 %r791,
[%rd89+4]; ld.global.u32 %r790, [%rd89]; $L__BB0_22: cvt.u64.u32 %rd30, %r5; mul.lo.s64 %rd90, %rd237,
%rd30; max.u64 %rd91, %rd233, %rd90; sub.s64 %rd92, %rd91, %rd90; cvt.u32.u64 %r487, %rd92; sub.s64 %rd93,
%rd234, %rd90; mul.wide.u32 %rd94, %r5, 512; min.u64 %rd95, %rd93, %rd94; cvt.u32.u64 %r24, %rd95; shr.u32
%r489, %r445, 5; add.s32 %r858, %r489, %r487; setp.ge.u32 %p16, %r858, %r24; @%p16 bra $L__BB0_133;
cvt.u32.u64 %r491, %rd30; div.u32 %r862, %r858, %r491; mul.lo.s32 %r492, %r862, %r491; sub.s32 %r901, %r858,
%r492; $L__BB0_24: mov.u32 %r861, 0; setp.gt.u32 %p17, %r444, 1; @%p17 bra $L__BB0_25; bra.uni $L__BB0_27;
$L__BB0_25: mov.u32 %r859, %r444; $L__BB0_26: cvt.u64.u32 %rd204, %r901; add.s32 %r495, %r859, %r861;
shr.u32 %r496, %r495, 1; mul.wide.u32 %rd96, %r496, 40; add.s64 %rd97, %rd2, %rd96; ld.global.u64 %rd98,
[%rd97+32]; setp.le.u64 %p18, %rd98, %rd204; selp.b32 %r861, %r496, %r861, %p18; selp.b32 %r859, %r859,
%r496, %p18; sub.s32 %r497, %r859, %r861; setp.gt.u32 %p19, %r497, 1; @%p19 bra $L__BB0_26; $L__BB0_27:
mov.u32 %r763, _ZZ27cmm_move_pages_by_registersE4room; shl.b32 %r498, %r862, 3; add.s32 %r500, %r763, %r498;
mul.wide.u32 %rd99, %r861, 40; add.s64 %rd100, %rd2, %rd99; ld.global.u64 %rd101, [%rd100+32]; cvt.u64.u32
%rd102, %r901; sub.s64 %rd103, %rd102, %rd101; shl.b64 %rd104, %rd103, 12; ld.global.u64 %rd105,
[%rd100+24]; sub.s64 %rd106, %rd105, %rd104; ld.shared.u32 %rd107, [%r500]; ld.global.u64 %rd108,
[%rd100+16]; mul.lo.s64 %rd109, %rd108, %rd107; add.s64 %rd32, %rd109, %rd104; ld.global.u64 %rd33,
[%rd100]; ld.shared.u32 %rd110, [%r500+4]; mul.lo.s64 %rd111, %rd108, %rd110; add.s64 %rd34, %rd111, %rd104;
ld.global.u64 %rd35, [%rd100+8]; min.u64 %rd112, %rd106, 4096; cvt.u32.u64 %r101, %rd112; add.s32 %r901,
%r901, 16; setp.lt.u32 %p20, %r901, %r5; @%p20 bra $L__BB0_29; div.u32 %r501, %r901, %r5; add.s32 %r862,
%r501, %r862; mul.lo.s32 %r502, %r501, %r5; sub.s32 %r901, %r901, %r502; $L__BB0_29: setp.eq.s32 %p21, %r8,
2; @%p21 bra $L__BB0_68; bra.uni $L__BB0_30; $L__BB0_68: cvt.u32.u64 %r594, %rd3; setp.ge.u32 %p44, %r594,
%r101; @%p44 bra $L__BB0_70; add.s64 %rd209, %rd35, %rd34; add.s64 %rd150, %rd209, %rd3; ld.global.cs.v4.u32
{%r1022,%r1021,%r1020,%r1019}, [%rd150]; $L__BB0_70: cvt.u32.u64 %r599, %rd4; setp.ge.u32 %p45, %r599,
%r101; @%p45 bra $L__BB0_72; add.s64 %rd212, %rd35, %rd4; add.s64 %rd211, %rd212, %rd34; ld.global.cs.v4.u32
{%r819,%r818,%r817,%r816}, [%rd211]; $L__BB0_72: cvt.u32.u64 %r604, %rd5; setp.ge.u32 %p46, %r604, %r101;
@%p46 bra $L__BB0_74; add.s64 %rd214, %rd35, %rd5; add.s64 %rd213, %rd214, %rd34; ld.global.cs.v4.u32
{%r815,%r814,%r813,%r812}, [%rd213]; $L__BB0_74: cvt.u32.u64 %r609, %rd6; setp.ge.u32 %p47, %r609, %r101;
@%p47 bra $L__BB0_76; add.s64 %rd216, %rd35, %rd6; add.s64 %rd215, %rd216, %rd34; ld.global.cs.v4.u32
{%r811,%r810,%r809,%r808}, [%rd215]; $L__BB0_76: cvt.u32.u64 %r614, %rd7; setp.ge.u32 %p48, %r614, %r101;
@%p48 bra $L__BB0_78; add.s64 %rd218, %rd35, %rd7; add.s64 %rd217, %rd218, %rd34; ld.global.cs.v4.u32
{%r807,%r806,%r805,%r804}, [%rd217]; $L__BB0_78: cvt.u32.u64 %r619, %rd8; setp.ge.u32 %p49, %r619, %r101;
@%p49 bra $L__BB0_80; add.s64 %rd220, %rd35, %rd8; add.s64 %rd219, %rd220, %rd34; ld.global.cs.v4.u32
{%r803,%r802,%r801,%r800}, [%rd219]; $L__BB0_80: cvt.u32.u64 %r624, %rd9; setp.ge.u32 %p50, %r624, %r101;
@%p50 bra $L__BB0_82; add.s64 %rd203, %rd35, %rd9; add.s64 %rd202, %rd203, %rd34; ld.global.cs.v4.u32
{%r799,%r798,%r797,%r796}, [%rd202]; $L__BB0_82: cvt.u32.u64 %r629, %rd10; setp.ge.u32 %p51, %r629, %r101;
add.s64 %rd163, %rd35, %rd10; add.s64 %rd53, %rd163, %rd34; @%p51 bra $L__BB0_84; ld.global.cs.v4.u32
{%r795,%r794,%r793,%r792}, [%rd53]; $L__BB0_84: cvt.u32.u64 %r765, %rd3; setp.ge.u32 %p79, %r765, %r101;
@%p79 bra $L__BB0_86; add.s64 %rd201, %rd33, %rd32; add.s64 %rd165, %rd201, %rd3; ld.global.cs.v4.u32
{%r906,%r905,%r904,%r903}, [%rd165]; $L__BB0_86: cvt.u32.u64 %r766, %rd4; setp.ge.u32 %p80, %r766, %r101;
@%p80 bra $L__BB0_88; add.s64 %rd222, %rd33, %rd4; add.s64 %rd221, %rd222, %rd32; ld.global.cs.v4.u32
{%r851,%r850,%r849,%r848}, [%rd221]; $L__BB0_88: cvt.u32.u64 %r767, %rd5; setp.ge.u32 %p81, %r767, %r101;
@%p81 bra $L__BB0_90; add.s64 %rd224, %rd33, %rd5; add.s64 %rd223, %rd224, %rd32; ld.global.cs.v4.u32
{%r847,%r846,%r845,%r844}, [%rd223]; $L__BB0_90: cvt.u32.u64 %r768, %rd6; setp.ge.u32 %p82, %r768, %r101;
@%p82 bra $L__BB0_92; add.s64 %rd226, %rd33, %rd6; add.s64 %rd225, %rd226, %rd32; ld.global.cs.v4.u32
{%r843,%r842,%r841,%r840}, [%rd225]; $L__BB0_92: cvt.u32.u64 %r769, %rd7; setp.ge.u32 %p83, %r769, %r101;
@%p83 bra $L__BB0_94; add.s64 %rd228, %rd33, %rd7; add.s64 %rd227, %rd228, %rd32; ld.global.cs.v4.u32
{%r839,%r838,%r837,%r836}, [%rd227]; $L__BB0_94: cvt.u32.u64 %r770, %rd8; setp.ge.u32 %p84, %r770, %r101;
@%p84 bra $L__BB0_96; add.s64 %rd230, %rd33, %rd8; add.s64 %rd229, %rd230, %rd32; ld.global.cs.v4.u32
{%r835,%r834,%r833,%r832}, [%rd229]; $L__BB0_96: cvt.u32.u64 %r774, %rd9; setp.ge.u32 %p86, %r774, %r101;
@%p86 bra $L__BB0_98; add.s64 %rd232, %rd33, %rd9; add.s64 %rd231, %rd232, %rd32; ld.global.cs.v4.u32
{%r831,%r830,%r829,%r828}, [%rd231]; $L__BB0_98: cvt.u32.u64 %r775, %rd10; setp.ge.u32 %p87, %r775, %r101;
add.s32 %r1056, %r858, 16; add.s64 %rd240, %rd33, %rd32; add.s64 %rd241, %rd35, %rd34; add.s64 %rd178,
%rd33, %rd10; add.s64 %rd60, %rd178, %rd32; mov.u32 %r1023, %r101; @%p87 bra $L__BB0_100; add.s32 %r1056,
%r858, 16; add.s64 %rd240, %rd33, %rd32; add.s64 %rd241, %rd35, %rd34; ld.global.cs.v4.u32
{%r1027,%r1026,%r1025,%r1024}, [%rd60]; mov.u32 %r1023, %r101; bra.uni $L__BB0_100; $L__BB0_30: add.s64
%rd206, %rd33, %rd32; add.s64 %rd205, %rd35, %rd34; setp.eq.s32 %p1, %r8, 0; selp.b64 %rd38, %rd205, %rd206,
%p1; cvt.u32.u64 %r503, %rd3; setp.ge.u32 %p22, %r503, %r101; @%p22 bra $L__BB0_32; add.s64 %rd113, %rd38,
%rd3; ld.global.cs.v4.u32 {%r1022,%r1021,%r1020,%r1019}, [%rd113]; $L__BB0_32: cvt.u32.u64 %r508, %rd4;
setp.ge.u32 %p23, %r508, %r101; @%p23 bra $L__BB0_34; add.s64 %rd114, %rd38, %rd4; ld.global.cs.v4.u32
{%r819,%r818,%r817,%r816}, [%rd114]; $L__BB0_34: cvt.u32.u64 %r513, %rd5; setp.ge.u32 %p24, %r513, %r101;
@%p24 bra $L__BB0_36; add.s64 %rd115, %rd38, %rd5; ld.global.cs.v4.u32 {%r815,%r814,%r813,%r812}, [%rd115];
$L__BB0_36: cvt.u32.u64 %r518, %rd6; setp.ge.u32 %p25, %r518, %r101; @%p25 bra $L__BB0_38; add.s64 %rd116,
%rd38, %rd6; ld.global.cs.v4.u32 {%r811,%r810,%r809,%r808}, [%rd116]; $L__BB0_38: cvt.u32.u64 %r523, %rd7;
setp.ge.u32 %p26, %r523, %r101; @%p26 bra $L__BB0_40; add.s64 %rd117, %rd38, %rd7; ld.global.cs.v4.u32
{%r807,%r806,%r805,%r804}, [%rd117]; $L__BB0_40: cvt.u32.u64 %r528, %rd8; setp.ge.u32 %p27, %r528, %r101;
@%p27 bra $L__BB0_42; add.s64 %rd118, %rd38, %rd8; ld.global.cs.v4.u32 {%r803,%r802,%r801,%r800}, [%rd118];
$L__BB0_42: cvt.u32.u64 %r533, %rd9; setp.ge.u32 %p28, %r533, %r101; @%p28 bra $L__BB0_44; add.s64 %rd119,
%rd38, %rd9; ld.global.cs.v4.u32 {%r799,%r798,%r797,%r796}, [%rd119]; $L__BB0_44: cvt.u32.u64 %r538, %rd10;
setp.ge.u32 %p29, %r538, %r101; @%p29 bra $L__BB0_46; add.s64 %rd120, %rd38, %rd10; ld.global.cs.v4.u32
{%r795,%r794,%r793,%r792}, [%rd120]; $L__BB0_46: add.s64 %rd238, %rd33, %rd32; add.s64 %rd239, %rd35, %rd34;
add.s32 %r1056, %r858, 16; selp.b64 %rd240, %rd238, %rd239, %p1; setp.ge.u32 %p30, %r1056, %r24; mov.u32
%r1023, 0; @%p30 bra $L__BB0_52; mov.u32 %r898, 0; setp.gt.u32 %p85, %r444, 1; @%p85 bra $L__BB0_48; bra.uni
$L__BB0_50; $L__BB0_48: mov.u32 %r896, %r444; $L__BB0_49: cvt.u64.u32 %rd210, %r901; add.s32 %r546, %r896,
%r898; shr.u32 %r547, %r546, 1; mul.wide.u32 %rd121, %r547, 40; add.s64 %rd122, %rd2, %rd121; ld.global.u64
%rd123, [%rd122+32]; setp.le.u64 %p32, %rd123, %rd210; selp.b32 %r898, %r547, %r898, %p32; selp.b32 %r896,
%r896, %r547, %p32; sub.s32 %r548, %r896, %r898; setp.gt.u32 %p33, %r548, 1; @%p33 bra $L__BB0_49;
$L__BB0_50: mov.u32 %r764, _ZZ27cmm_move_pages_by_registersE4room; shl.b32 %r549, %r862, 3; add.s32 %r551,
%r764, %r549; mul.wide.u32 %rd124, %r898, 40; add.s64 %rd125, %rd2, %rd124; ld.global.u64 %rd126,
[%rd125+32]; cvt.u64.u32 %rd127, %r901; sub.s64 %rd128, %rd127, %rd126; shl.b64 %rd129, %rd128, 12;
ld.global.u64 %rd130, [%rd125+24]; sub.s64 %rd131, %rd130, %rd129; ld.shared.u32 %rd132, [%r551];
ld.global.u64 %rd133, [%rd125+16]; mul.lo.s64 %rd134, %rd133, %rd132; add.s64 %rd135, %rd134, %rd129;
ld.global.u64 %rd136, [%rd125]; add.s64 %rd238, %rd136, %rd135; ld.shared.u32 %rd137, [%r551+4]; mul.lo.s64
%rd138, %rd133, %rd137; add.s64 %rd139, %rd138, %rd129; ld.global.u64 %rd140, [%rd125+8]; add.s64 %rd239,
%rd140, %rd139; min.u64 %rd141, %rd131, 4096; cvt.u32.u64 %r1023, %rd141; add.s32 %r1056, %r858, 32; add.s32
%r901, %r901, 16; setp.lt.u32 %p34, %r901, %r5; @%p34 bra $L__BB0_52; div.u32 %r552, %r901, %r5; add.s32
%r862, %r552, %r862; mul.lo.s32 %r553, %r552, %r5; sub.s32 %r901, %r901, %r553; $L__BB0_52: cvt.u32.u64
%r754, %rd3; selp.b64 %rd241, %rd238, %rd239, %p1; selp.b64 %rd46, %rd239, %rd238, %p1; setp.ge.u32 %p36,
%r754, %r1023; @%p36 bra $L__BB0_54; add.s64 %rd142, %rd46, %rd3; ld.global.cs.v4.u32
{%r906,%r905,%r904,%r903}, [%rd142]; $L__BB0_54: cvt.u32.u64 %r755, %rd4; setp.ge.u32 %p37, %r755, %r1023;
@%p37 bra $L__BB0_56; add.s64 %rd143, %rd46, %rd4; ld.global.cs.v4.u32 {%r851,%r850,%r849,%r848}, [%rd143];
$L__BB0_56: cvt.u32.u64 %r756, %rd5; setp.ge.u32 %p38, %r756, %r1023; @%p38 bra $L__BB0_58; add.s64 %rd144,
%rd46, %rd5; ld.global.cs.v4.u32 {%r847,%r846,%r845,%r844}, [%rd144]; $L__BB0_58: cvt.u32.u64 %r757, %rd6;
setp.ge.u32 %p39, %r757, %r1023; @%p39 bra $L__BB0_60; add.s64 %rd145, %rd46, %rd6; ld.global.cs.v4.u32
{%r843,%r842,%r841,%r840}, [%rd145]; $L__BB0_60: cvt.u32.u64 %r758, %rd7; setp.ge.u32 %p40, %r758, %r1023;
@%p40 bra $L__BB0_62; add.s64 %rd146, %rd46, %rd7; ld.global.cs.v4.u32 {%r839,%r838,%r837,%r836}, [%rd146];
$L__BB0_62: cvt.u32.u64 %r759, %rd8; setp.ge.u32 %p41, %r759, %r1023; @%p41 bra $L__BB0_64; add.s64 %rd147,
%rd46, %rd8; ld.global.cs.v4.u32 {%r835,%r834,%r833,%r832}, [%rd147]; $L__BB0_64: cvt.u32.u64 %r760, %rd9;
setp.ge.u32 %p42, %r760, %r1023; @%p42 bra $L__BB0_66; add.s64 %rd148, %rd46, %rd9; ld.global.cs.v4.u32
{%r831,%r830,%r829,%r828}, [%rd148]; $L__BB0_66: cvt.u32.u64 %r761, %rd10; setp.ge.u32 %p43, %r761, %r1023;
@%p43 bra $L__BB0_100; add.s64 %rd149, %rd46, %rd10; ld.global.cs.v4.u32 {%r1027,%r1026,%r1025,%r1024},
[%rd149]; $L__BB0_100: cvt.u32.u64 %r674, %rd3; setp.ge.u32 %p60, %r674, %r101; @%p60 bra $L__BB0_102;
add.s64 %rd180, %rd240, %rd3; st.global.cs.v4.u32 [%rd180], {%r1022,%r1021,%r1020,%r1019}; $L__BB0_102:
cvt.u32.u64 %r679, %rd4; setp.ge.u32 %p61, %r679, %r101; @%p61 bra $L__BB0_104; add.s64 %rd181, %rd240,
%rd4; st.global.cs.v4.u32 [%rd181], {%r819,%r818,%r817,%r816}; $L__BB0_104: cvt.u32.u64 %r684, %rd5;
setp.ge.u32 %p62, %r684, %r101; @%p62 bra $L__BB0_106; add.s64 %rd182, %rd240, %rd5; st.global.cs.v4.u32
[%rd182], {%r815,%r814,%r813,%r812}; $L__BB0_106: cvt.u32.u64 %r689, %rd6; setp.ge.u32 %p63, %r689, %r101;
@%p63 bra $L__BB0_108; add.s64 %rd183, %rd240, %rd6; st.global.cs.v4.u32 [%rd183],
{%r811,%r810,%r809,%r808}; $L__BB0_108: cvt.u32.u64 %r694, %rd7; setp.ge.u32 %p64, %r694, %r101; @%p64 bra
$L__BB0_110; add.s64 %rd184, %rd240, %rd7; st.global.cs.v4.u32 [%rd184], {%r807,%r806,%r805,%r804};
$L__BB0_110: cvt.u32.u64 %r699, %rd8; setp.ge.u32 %p65, %r699, %r101; @%p65 bra $L__BB0_112; add.s64 %rd185,
%rd240, %rd8; st.global.cs.v4.u32 [%rd185], {%r803,%r802,%r801,%r800}; $L__BB0_112: cvt.u32.u64 %r704, %rd9;
setp.ge.u32 %p66, %r704, %r101; @%p66 bra $L__BB0_114; add.s64 %rd186, %rd240, %rd9; st.global.cs.v4.u32
[%rd186], {%r799,%r798,%r797,%r796}; $L__BB0_114: cvt.u32.u64 %r709, %rd10; setp.ge.u32 %p67, %r709, %r101;
@%p67 bra $L__BB0_116; add.s64 %rd187, %rd240, %rd10; st.global.cs.v4.u32 [%rd187],
{%r795,%r794,%r793,%r792}; $L__BB0_116: cvt.u32.u64 %r776, %rd3; setp.ge.u32 %p68, %r776, %r1023; @%p68 bra
$L__BB0_118; add.s64 %rd188, %rd241, %rd3; st.global.cs.v4.u32 [%rd188], {%r906,%r905,%r904,%r903};
$L__BB0_118: cvt.u32.u64 %r777, %rd4; setp.ge.u32 %p69, %r777, %r1023; @%p69 bra $L__BB0_120; add.s64
%rd189, %rd241, %rd4; st.global.cs.v4.u32 [%rd189], {%r851,%r850,%r849,%r848}; $L__BB0_120: cvt.u32.u64
%r778, %rd5; setp.ge.u32 %p70, %r778, %r1023; @%p70 bra $L__BB0_122; add.s64 %rd190, %rd241, %rd5;
st.global.cs.v4.u32 [%rd190], {%r847,%r846,%r845,%r844}; $L__BB0_122: cvt.u32.u64 %r779, %rd6; setp.ge.u32
%p71, %r779, %r1023; @%p71 bra $L__BB0_124; add.s64 %rd191, %rd241, %rd6; st.global.cs.v4.u32 [%rd191],
{%r843,%r842,%r841,%r840}; $L__BB0_124: cvt.u32.u64 %r780, %rd7; setp.ge.u32 %p72, %r780, %r1023; @%p72 bra
$L__BB0_126; add.s64 %rd192, %rd241, %rd7; st.global.cs.v4.u32 [%rd192], {%r839,%r838,%r837,%r836};
$L__BB0_126: cvt.u32.u64 %r781, %rd8; setp.ge.u32 %p73, %r781, %r1023; @%p73 bra $L__BB0_128; add.s64
%rd193, %rd241, %rd8; st.global.cs.v4.u32 [%rd193], {%r835,%r834,%r833,%r832}; $L__BB0_128: cvt.u32.u64
%r782, %rd9; setp.ge.u32 %p74, %r782, %r1023; @%p74 bra $L__BB0_130; add.s64 %rd194, %rd241, %rd9;
st.global.cs.v4.u32 [%rd194], {%r831,%r830,%r829,%r828}; $L__BB0_130: cvt.u32.u64 %r783, %rd10; setp.ge.u32
%p75, %r783, %r1023; @%p75 bra $L__BB0_132; add.s64 %rd195, %rd241, %rd10; st.global.cs.v4.u32 [%rd195],
{%r1027,%r1026,%r1025,%r1024}; $L__BB0_132: setp.lt.u32 %p76, %r1056, %r24; mov.u32 %r858, %r1056; @%p76 bra
$L__BB0_24; $L__BB0_133: add.s64 %rd237, %rd237, 512; setp.le.u64 %p77, %rd237, %rd235; @%p77 bra
$L__BB0_20; $L__BB0_134: add.s32 %r784, %r784, 1; setp.lt.u32 %p78, %r784, 3; @%p78 bra $L__BB0_1; ret; }
)";

/// One thread issues bulk copies through shared memory; from 9.0 on.
inline constexpr const char* page_mover_by_ring = R"(
.version 9.0
.target sm_90
.address_size 64
.extern .shared .align 128 .b8 room[]; .visible .entry cmm_move_pages_by_ring( .param .align 8 .b8
cmm_move_pages_by_ring_param_0[48] ) .maxntid 32, 1, 1 .minnctapersm 1 { .reg .pred %p<57>; .reg .b32
%r<352>; .reg .b64 %rd<221>; .shared .align 16 .b8 _ZZ22cmm_move_pages_by_ringE5rooms[4112]; mov.b64 %rd74,
cmm_move_pages_by_ring_param_0; mov.u32 %r101, %tid.x; setp.ne.s32 %p1, %r101, 0; @%p1 bra $L__BB0_67;
mov.pred %p2, 0; @%p2 bra $L__BB0_3; mov.u32 %r104, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r102,
%r104, 4096; mbarrier.init.shared::cta.b64 [%r102], 1; add.s32 %r103, %r104, 4104;
mbarrier.init.shared::cta.b64 [%r103], 1; $L__BB0_3: ld.param.u32 %r1, [%rd74+36]; ld.param.u32 %r2,
[%rd74+40]; mov.u32 %r105, room; mad.lo.s32 %r3, %r1, %r2, %r105; setp.eq.s32 %p3, %r2, 0; @%p3 bra
$L__BB0_9; add.s32 %r107, %r2, -1; and.b32 %r299, %r2, 3; setp.lt.u32 %p4, %r107, 3; mov.u32 %r297, 0; @%p4
bra $L__BB0_7; sub.s32 %r296, %r2, %r299; mov.u32 %r297, 0; $L__BB0_6: mad.lo.s32 %r109, %r297, 24, %r3;
mbarrier.init.shared::cta.b64 [%r109], 1; add.s32 %r110, %r109, 24; mbarrier.init.shared::cta.b64 [%r110],
1; add.s32 %r111, %r109, 48; mbarrier.init.shared::cta.b64 [%r111], 1; add.s32 %r112, %r109, 72;
mbarrier.init.shared::cta.b64 [%r112], 1; add.s32 %r297, %r297, 4; add.s32 %r296, %r296, -4; setp.ne.s32
%p5, %r296, 0; @%p5 bra $L__BB0_6; $L__BB0_7: setp.eq.s32 %p6, %r299, 0; @%p6 bra $L__BB0_9; $L__BB0_8:
.pragma "nounroll"; mad.lo.s32 %r113, %r297, 24, %r3; mbarrier.init.shared::cta.b64 [%r113], 1; add.s32
%r297, %r297, 1; add.s32 %r299, %r299, -1; setp.ne.s32 %p7, %r299, 0; @%p7 bra $L__BB0_8; $L__BB0_9:
fence.proxy.async.shared::cta; mov.u32 %r300, 0; mov.u32 %r121, %ctaid.x; mov.u32 %r328, %r300; mov.u32
%r314, %r300; mov.u32 %r339, %r300; mov.u32 %r304, %r300; mov.u32 %r332, %r300; $L__BB0_10: add.s64 %rd190,
%rd74, 16; mov.u32 %r306, 0; add.s32 %r122, %r300, %r121; mul.wide.u32 %rd76, %r122, -1431655765; shr.u64
%rd77, %rd76, 33; cvt.u32.u64 %r123, %rd77; mul.lo.s32 %r124, %r123, 3; sub.s32 %r21, %r122, %r124;
setp.eq.s32 %p8, %r21, 0; @%p8 bra $L__BB0_13; add.s64 %rd190, %rd74, 20; setp.eq.s32 %p9, %r21, 1;
ld.param.v2.u32 {%r125, %r126}, [%rd74+16]; selp.b32 %r129, 0, %r126, %p9; add.s32 %r306, %r129, %r125; @%p9
bra $L__BB0_13; add.s64 %rd190, %rd74, 24; $L__BB0_13: ld.param.u32 %r130, [%rd190]; ld.param.u32 %r131,
[%rd74+32]; cvt.u64.u32 %rd5, %r131; mul.wide.u32 %rd6, %r131, %r130; cvt.u64.u32 %rd82, %r121; mul.lo.s64
%rd8, %rd6, %rd82; and.b64 %rd83, %rd8, -4294967296; setp.eq.s64 %p10, %rd83, 0; @%p10 bra $L__BB0_15;
mov.u32 %r133, %nctaid.x; cvt.u64.u32 %rd84, %r133; div.u64 %rd191, %rd8, %rd84; bra.uni $L__BB0_16;
$L__BB0_15: mov.u32 %r134, %nctaid.x; cvt.u32.u64 %r135, %rd8; div.u32 %r136, %r135, %r134; cvt.u64.u32
%rd191, %r136; $L__BB0_16: add.s32 %r138, %r121, 1; cvt.u64.u32 %rd85, %r138; mul.lo.s64 %rd12, %rd6, %rd85;
and.b64 %rd86, %rd12, -4294967296; setp.eq.s64 %p11, %rd86, 0; @%p11 bra $L__BB0_18; mov.u32 %r139,
%nctaid.x; cvt.u64.u32 %rd87, %r139; div.u64 %rd192, %rd12, %rd87; bra.uni $L__BB0_19; $L__BB0_18: mov.u32
%r140, %nctaid.x; cvt.u32.u64 %r141, %rd12; div.u32 %r142, %r141, %r140; cvt.u64.u32 %rd192, %r142;
$L__BB0_19: setp.le.u64 %p12, %rd192, %rd191; @%p12 bra $L__BB0_65; setp.eq.s32 %p13, %r21, 2; selp.b32
%r24, 2, 1, %p13; and.b64 %rd88, %rd191, -4294967296; setp.eq.s64 %p14, %rd88, 0; @%p14 bra $L__BB0_22;
div.u64 %rd193, %rd191, %rd5; bra.uni $L__BB0_23; $L__BB0_22: cvt.u32.u64 %r143, %rd5; cvt.u32.u64 %r144,
%rd191; div.u32 %r145, %r144, %r143; cvt.u64.u32 %rd193, %r145; $L__BB0_23: add.s64 %rd20, %rd192, -1;
and.b64 %rd89, %rd20, -4294967296; setp.eq.s64 %p15, %rd89, 0; @%p15 bra $L__BB0_25; div.u64 %rd194, %rd20,
%rd5; bra.uni $L__BB0_26; $L__BB0_25: cvt.u32.u64 %r146, %rd5; cvt.u32.u64 %r147, %rd20; div.u32 %r148,
%r147, %r146; cvt.u64.u32 %rd194, %r148; $L__BB0_26: ld.param.u64 %rd173, [%rd74]; cvt.u64.u32 %rd91, %r306;
add.s64 %rd92, %rd193, %rd91; shl.b64 %rd93, %rd92, 3; add.s64 %rd94, %rd173, %rd93; shr.u64 %rd95, %rd94,
3; cvt.u32.u64 %r149, %rd95; and.b32 %r326, %r149, 1; and.b64 %rd96, %rd95, 1; sub.s64 %rd97, %rd193, %rd96;
add.s64 %rd198, %rd97, %rd91; mov.u64 %rd98, 1; sub.s64 %rd99, %rd98, %rd193; add.s64 %rd100, %rd99, %rd194;
add.s64 %rd101, %rd100, %rd96; and.b64 %rd102, %rd101, 1; add.s64 %rd25, %rd102, %rd101;
fence.proxy.async.shared::cta; setp.eq.s64 %p16, %rd25, 0; mov.u64 %rd212, 0; mov.u64 %rd195, %rd212; @%p16
bra $L__BB0_28; ld.param.u64 %rd174, [%rd74]; setp.lt.u64 %p17, %rd25, 256; and.b64 %rd104, %rd25,
4294967295; selp.b64 %rd105, %rd104, 256, %p17; cvt.u32.u64 %r155, %rd105; shl.b32 %r153, %r155, 3; shl.b32
%r156, %r304, 3; and.b32 %r157, %r156, 8; mov.u32 %r158, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r159,
%r158, %r157; add.s32 %r150, %r159, 4096; mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r150], %r153;
shl.b32 %r160, %r304, 11; and.b32 %r161, %r160, 2048; add.s32 %r152, %r158, %r161; cvta.to.global.u64
%rd106, %rd174; shl.b64 %rd107, %rd198, 3; add.s64 %rd103, %rd106, %rd107;
cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r152], [%rd103], %r153, [%r150]; add.s64
%rd198, %rd105, %rd198; sub.s64 %rd195, %rd25, %rd105; add.s32 %r304, %r304, 1; $L__BB0_28: setp.eq.s64
%p18, %rd195, 0; @%p18 bra $L__BB0_30; ld.param.u64 %rd175, [%rd74]; setp.lt.u64 %p19, %rd195, 256; and.b64
%rd110, %rd195, 4294967295; selp.b64 %rd111, %rd110, 256, %p19; cvt.u32.u64 %r167, %rd111; shl.b32 %r165,
%r167, 3; shl.b32 %r168, %r304, 3; and.b32 %r169, %r168, 8; mov.u32 %r170,
_ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r171, %r170, %r169; add.s32 %r162, %r171, 4096;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r162], %r165; shl.b32 %r172, %r304, 11; and.b32 %r173, %r172,
2048; add.s32 %r164, %r170, %r173; cvta.to.global.u64 %rd112, %rd175; shl.b64 %rd113, %rd198, 3; add.s64
%rd109, %rd112, %rd113; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r164], [%rd109],
%r165, [%r162]; add.s64 %rd198, %rd111, %rd198; sub.s64 %rd212, %rd195, %rd111; add.s32 %r304, %r304, 1;
$L__BB0_30: ld.param.u64 %rd176, [%rd74]; shl.b64 %rd114, %rd198, 3; add.s64 %rd213, %rd176, %rd114;
$L__BB0_31: shr.u32 %r282, %r332, 1; and.b32 %r281, %r282, 1; shl.b32 %r280, %r332, 3; and.b32 %r279, %r280,
8; mov.u32 %r278, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r277, %r278, %r279; add.s32 %r276, %r277,
4096; { .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r276], %r281; selp.u32 %r179, 1, 0, p; }
setp.eq.s32 %p20, %r179, 0; @%p20 bra $L__BB0_31; and.b64 %rd177, %rd191, -4294967296; setp.eq.s64 %p56,
%rd177, 0; ld.param.u32 %rd35, [%rd74+32]; @%p56 bra $L__BB0_34; rem.u64 %rd199, %rd191, %rd35; bra.uni
$L__BB0_35; $L__BB0_34: cvt.u32.u64 %r182, %rd35; cvt.u32.u64 %r183, %rd191; rem.u32 %r184, %r183, %r182;
cvt.u64.u32 %rd199, %r184; $L__BB0_35: ld.param.u32 %r309, [%rd74+28]; setp.lt.u32 %p22, %r309, 2; mov.u32
%r311, 0; @%p22 bra $L__BB0_38; mov.u32 %r311, 0; $L__BB0_37: ld.param.u64 %rd181, [%rd74+8];
cvta.to.global.u64 %rd180, %rd181; add.s32 %r187, %r309, %r311; shr.u32 %r188, %r187, 1; mul.wide.u32
%rd120, %r188, 40; add.s64 %rd121, %rd180, %rd120; ld.global.u64 %rd122, [%rd121+32]; setp.le.u64 %p23,
%rd122, %rd199; selp.b32 %r311, %r188, %r311, %p23; selp.b32 %r309, %r309, %r188, %p23; sub.s32 %r189,
%r309, %r311; setp.gt.u32 %p24, %r189, 1; @%p24 bra $L__BB0_37; $L__BB0_38: sub.s64 %rd178, %rd192, %rd191;
setp.eq.s64 %p25, %rd178, 0; @%p25 bra $L__BB0_61; sub.s64 %rd205, %rd192, %rd191; ld.param.u64 %rd124,
[%rd74+8]; cvta.to.global.u64 %rd125, %rd124; mul.wide.u32 %rd126, %r311, 40; add.s64 %rd214, %rd125,
%rd126; ld.global.u64 %rd127, [%rd214+32]; sub.s64 %rd128, %rd199, %rd127; shl.b64 %rd215, %rd128, 12;
mov.u32 %r329, 0; $L__BB0_40: setp.eq.s64 %p26, %rd205, 0; mov.u64 %rd220, 0; @%p26 bra $L__BB0_55; bra.uni
$L__BB0_41; $L__BB0_44: mov.u64 %rd215, 0; ld.param.u64 %rd183, [%rd74+8]; cvta.to.global.u64 %rd214,
%rd183; setp.eq.s64 %p32, %rd205, 0; mov.u32 %r325, %r332; @%p32 bra $L__BB0_50; mov.u64 %rd215, 0;
ld.param.u64 %rd186, [%rd74+8]; cvta.to.global.u64 %rd214, %rd186; add.s32 %r326, %r326, 1; setp.lt.u32
%p33, %r326, 256; mov.u32 %r325, %r332; @%p33 bra $L__BB0_50; fence.proxy.async.shared::cta; setp.eq.s64
%p34, %rd212, 0; mov.u64 %rd210, 0; @%p34 bra $L__BB0_48; mov.u32 %r272, _ZZ22cmm_move_pages_by_ringE5rooms;
setp.lt.u64 %p35, %rd212, 256; and.b64 %rd153, %rd212, 4294967295; selp.b64 %rd154, %rd153, 256, %p35;
cvt.u32.u64 %r213, %rd154; shl.b32 %r211, %r213, 3; shl.b32 %r214, %r304, 3; and.b32 %r215, %r214, 8;
add.s32 %r217, %r272, %r215; add.s32 %r208, %r217, 4096; mbarrier.arrive.expect_tx.shared::cta.b64 _,
[%r208], %r211; shl.b32 %r218, %r304, 11; and.b32 %r219, %r218, 2048; add.s32 %r210, %r272, %r219;
cvta.to.global.u64 %rd152, %rd213; cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes
[%r210], [%rd152], %r211, [%r208]; shl.b64 %rd155, %rd154, 3; add.s64 %rd213, %rd213, %rd155; sub.s64
%rd210, %rd212, %rd154; add.s32 %r304, %r304, 1; $L__BB0_48: mov.u64 %rd212, %rd210; $L__BB0_49: add.s32
%r292, %r332, 1; shr.u32 %r291, %r292, 1; and.b32 %r290, %r291, 1; shl.b32 %r289, %r292, 3; and.b32 %r288,
%r289, 8; mov.u32 %r287, _ZZ22cmm_move_pages_by_ringE5rooms; add.s32 %r286, %r287, %r288; add.s32 %r285,
%r286, 4096; add.s32 %r325, %r332, 1; ld.param.u64 %rd189, [%rd74+8]; cvta.to.global.u64 %rd214, %rd189; {
.reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r285], %r290; selp.u32 %r225, 1, 0, p; }
setp.eq.s32 %p36, %r225, 0; mov.u64 %rd215, 0; mov.u32 %r326, 0; @%p36 bra $L__BB0_49; bra.uni $L__BB0_50;
$L__BB0_41: add.s32 %r191, %r2, -4; sub.s32 %r192, %r191, %r329; setp.lt.u32 %p27, %r192, %r24; mov.u64
%rd220, %rd205; @%p27 bra $L__BB0_55; mov.u32 %r274, _ZZ22cmm_move_pages_by_ringE5rooms; shl.b64 %rd130,
%rd205, 12; ld.param.u32 %r193, [%rd74+36]; cvt.u64.u32 %rd132, %r193; setp.lt.u64 %p28, %rd130, %rd132;
cvt.u32.u64 %r194, %rd130; selp.b32 %r195, %r194, %r193, %p28; shl.b32 %r196, %r332, 11; and.b32 %r197,
%r196, 2048; add.s32 %r199, %r274, %r197; shl.b32 %r200, %r326, 3; add.s32 %r201, %r199, %r200;
ld.shared.v2.u32 {%r202, %r203}, [%r201]; ld.global.u64 %rd133, [%rd214+24]; sub.s64 %rd134, %rd133, %rd215;
ld.global.u64 %rd52, [%rd214]; cvt.u64.u32 %rd135, %r202; ld.global.u64 %rd136, [%rd214+16]; mul.lo.s64
%rd137, %rd136, %rd135; add.s64 %rd53, %rd137, %rd215; cvt.u64.u32 %rd138, %r203; mul.lo.s64 %rd139, %rd136,
%rd138; add.s64 %rd54, %rd139, %rd215; ld.global.u64 %rd55, [%rd214+8]; cvt.u64.u32 %rd140, %r195;
setp.lt.u64 %p29, %rd134, %rd140; cvt.u32.u64 %r206, %rd134; selp.b32 %r50, %r206, %r195, %p29; cvt.u64.u32
%rd141, %r50; add.s64 %rd142, %rd141, 4095; shr.u64 %rd143, %rd142, 12; sub.s64 %rd205, %rd205, %rd143;
add.s64 %rd215, %rd215, %rd141; setp.lt.u64 %p30, %rd215, %rd133; mov.u32 %r325, %r332; @%p30 bra
$L__BB0_50; add.s64 %rd214, %rd214, 40; ld.param.u64 %rd146, [%rd74+8]; mov.u64 %rd215, 0;
cvta.to.global.u64 %rd59, %rd146; ld.param.u32 %r207, [%rd74+28]; mul.wide.u32 %rd147, %r207, 40; add.s64
%rd148, %rd59, %rd147; setp.ne.s64 %p31, %rd214, %rd148; mov.u32 %r325, %r332; @%p31 bra $L__BB0_50; bra.uni
$L__BB0_44; $L__BB0_50: setp.eq.s32 %p37, %r21, 1; @%p37 bra $L__BB0_52; cp.async.bulk.wait_group.read 4;
mad.lo.s32 %r229, %r328, 24, %r3; add.s64 %rd158, %rd52, %rd53; st.shared.u64 [%r229+8], %rd158;
st.shared.u32 [%r229+16], %r50; mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r229], %r50; mad.lo.s32
%r231, %r328, %r1, %r105; cvta.to.global.u64 %rd159, %rd55; add.s64 %rd157, %rd159, %rd54;
cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r231], [%rd157], %r50, [%r229]; add.s32
%r235, %r328, 1; setp.eq.s32 %p38, %r235, %r2; selp.b32 %r328, 0, %r235, %p38; add.s32 %r329, %r329, 1;
$L__BB0_52: add.s32 %r270, %r300, %r121; mul.wide.u32 %rd168, %r270, -1431655765; shr.u64 %rd167, %rd168,
33; cvt.u32.u64 %r269, %rd167; mul.lo.s32 %r268, %r269, 3; sub.s32 %r267, %r270, %r268; setp.eq.s32 %p55,
%r267, 0; add.s64 %rd68, %rd55, %rd54; @%p55 bra $L__BB0_54; cp.async.bulk.wait_group.read 4; mad.lo.s32
%r236, %r328, 24, %r3; st.shared.u64 [%r236+8], %rd68; st.shared.u32 [%r236+16], %r50;
mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r236], %r50; mad.lo.s32 %r238, %r328, %r1, %r105;
cvta.to.global.u64 %rd161, %rd52; add.s64 %rd160, %rd161, %rd53;
cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r238], [%rd160], %r50, [%r236]; add.s32
%r242, %r328, 1; setp.eq.s32 %p40, %r242, %r2; selp.b32 %r328, 0, %r242, %p40; add.s32 %r329, %r329, 1;
$L__BB0_54: mov.u64 %rd220, 0; setp.ne.s64 %p41, %rd205, 0; mov.u32 %r332, %r325; @%p41 bra $L__BB0_41;
$L__BB0_55: mov.u32 %r337, 0; mov.u32 %r338, %r314; $L__BB0_56: and.b32 %r294, %r339, 1; mad.lo.s32 %r293,
%r338, 24, %r3; { .reg .pred p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r293], %r294; selp.u32 %r244,
1, 0, p; } setp.eq.s32 %p42, %r244, 0; @%p42 bra $L__BB0_56; add.s32 %r247, %r338, 1; setp.eq.s32 %p43,
%r247, %r2; selp.u32 %r248, 1, 0, %p43; add.s32 %r339, %r339, %r248; selp.b32 %r338, 0, %r247, %p43; add.s32
%r337, %r337, 1; setp.lt.u32 %p44, %r337, %r24; @%p44 bra $L__BB0_56; setp.ne.s32 %p45, %r21, 2; mad.lo.s32
%r251, %r314, 24, %r3; ld.shared.u32 %r250, [%r251+16]; ld.shared.u64 %rd164, [%r251+8]; cvta.to.global.u64
%rd163, %rd164; mad.lo.s32 %r249, %r314, %r1, %r105; cp.async.bulk.global.shared::cta.bulk_group [%rd163],
[%r249], %r250; cp.async.bulk.commit_group; add.s32 %r253, %r314, 1; setp.eq.s32 %p46, %r253, %r2; selp.b32
%r314, 0, %r253, %p46; @%p45 bra $L__BB0_60; mad.lo.s32 %r256, %r314, 24, %r3; ld.shared.u32 %r255,
[%r256+16]; ld.shared.u64 %rd166, [%r256+8]; cvta.to.global.u64 %rd165, %rd166; mad.lo.s32 %r254, %r314,
%r1, %r105; cp.async.bulk.global.shared::cta.bulk_group [%rd165], [%r254], %r255;
cp.async.bulk.commit_group; add.s32 %r258, %r314, 1; setp.eq.s32 %p47, %r258, %r2; selp.b32 %r314, 0, %r258,
%p47; $L__BB0_60: sub.s32 %r329, %r329, %r24; setp.ne.s32 %p48, %r329, 0; setp.ne.s64 %p49, %rd220, 0;
or.pred %p50, %p48, %p49; mov.u64 %rd205, %rd220; @%p50 bra $L__BB0_40; $L__BB0_61: add.s32 %r332, %r332, 1;
setp.ge.u32 %p51, %r332, %r304; @%p51 bra $L__BB0_65; $L__BB0_62: mov.u32 %r275,
_ZZ22cmm_move_pages_by_ringE5rooms; shl.b32 %r259, %r332, 3; and.b32 %r260, %r259, 8; add.s32 %r262, %r275,
%r260; add.s32 %r92, %r262, 4096; shr.u32 %r263, %r332, 1; and.b32 %r93, %r263, 1; $L__BB0_63: { .reg .pred
p; mbarrier.try_wait.parity.shared::cta.b64 p, [%r92], %r93; selp.u32 %r264, 1, 0, p; } setp.eq.s32 %p52,
%r264, 0; @%p52 bra $L__BB0_63; add.s32 %r332, %r332, 1; setp.lt.u32 %p53, %r332, %r304; @%p53 bra
$L__BB0_62; $L__BB0_65: add.s32 %r300, %r300, 1; setp.lt.u32 %p54, %r300, 3; @%p54 bra $L__BB0_10;
cp.async.bulk.wait_group 0; $L__BB0_67: ret; }
)";

}  // namespace cmm::cuda::ptx
